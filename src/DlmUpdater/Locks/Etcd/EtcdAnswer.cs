namespace DlmUpdater.Locks.Etcd;

/// <summary>What a member's answer means, whatever was asked.</summary>
internal abstract record EtcdAnswer
{
    /// <summary>Carried out. <paramref name="Body"/>: whatever came with it.</summary>
    internal sealed record Done(ReadOnlyMemory<byte> Body, string Server) : EtcdAnswer;

    /// <summary>One of API v2's own errors, which has its meaning where it was asked.</summary>
    /// <param name="Code">Its errorCode.</param>
    /// <param name="Index">The store's index at that moment.</param>
    internal sealed record KeyError(int Code, long Index) : EtcdAnswer;

    /// <summary>The server has nothing at that address.</summary>
    internal sealed record NotHere(string Server) : EtcdAnswer;

    /// <summary>API v3 wants a token, or another one. <paramref name="Said"/>: its own words.</summary>
    internal sealed record NoToken(string Server, string Said) : EtcdAnswer;

    /// <summary>API v3 has no users to log in as.</summary>
    internal sealed record NoUsers : EtcdAnswer;

    /// <summary>Waiting will not help; one line that says what to fix.</summary>
    internal sealed record No(string Why) : EtcdAnswer;

    /// <summary>Try again later. <paramref name="MayHaveHappened"/>: what was asked may have been done.</summary>
    internal sealed record Away(string Why, bool MayHaveHappened) : EtcdAnswer;
}
