using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.Foreman;

/// <summary>What a look at the lock showed.</summary>
internal abstract record Sight
{
    /// <summary>The lock.</summary>
    internal sealed record Seen(ForemanLock Lock) : Sight;

    /// <summary>There is no such lock yet.</summary>
    internal sealed record Missing : Sight;

    /// <summary>This host may not look; one line that says what to fix.</summary>
    internal sealed record Refused(string Why) : Sight;

    /// <summary>No usable answer. <paramref name="IsAnotherLock"/>: because it describes a lock of another name.</summary>
    internal sealed record Unusable(string Why, bool IsAnotherLock = false) : Sight;

    /// <summary>Reads the body of a 200, and believes it only if it is whole and about this very lock.</summary>
    internal static Sight Of(HttpReply.Answer answer, LockIdentity identity, ForemanWords words)
    {
        if (answer.BodyProblem is { } problem)
            return new Unusable($"the answer of {words.Server} {problem}: check [foreman] url and the proxies on the way");
        if (ForemanLock.Read(answer.Body, out string why) is not { } seen)
            return new Unusable($"the answer of {words.Server} is not a lock of Foreman ({why}): check [foreman] url and the proxies on the way");
        return seen.Name == identity.Name
            ? new Seen(seen)
            : new Unusable(
                $"{words.Server} answered with the lock '{OneLine.Of(seen.Name)}' when asked for '{identity.Name}': give the lock a name that does not begin with a digit",
                IsAnotherLock: true);
    }
}
