using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.Etcd;

/// <summary>The members of one etcd cluster, of which any will do: the one that answered last is asked first, and one that is away is
/// passed over. Every request that changes something must be one that does no harm when it arrives twice.</summary>
internal sealed class EtcdMembers(IReadOnlyList<IHttpTransport> members) : IHttpTraffic, IDisposable
{
    private int _first;

    /// <inheritdoc/>
    public long Sent => members.Any(m => m.Sent < 0) ? -1 : members.Sum(m => m.Sent);

    /// <inheritdoc/>
    public bool IsDistrusted => members.Any(m => m.IsDistrusted);

    /// <summary>Only what all members ask for: one that asks for none may be asked.</summary>
    public TimeSpan? RetryAfter => members.Any(m => m.RetryAfter is null) ? null : members.Min(m => m.RetryAfter);

    /// <summary>Asks until one answers. A refusal is none if an earlier member may have carried the change out.</summary>
    /// <param name="ask">The request.</param>
    /// <param name="read">Reads an answer of the server that is named.</param>
    /// <param name="changes">False for a mere question.</param>
    /// <param name="cancel">Ends the call.</param>
    internal async ValueTask<EtcdAnswer> Ask(HttpAsk ask, Func<HttpReply, string, EtcdAnswer> read, bool changes, CancellationToken cancel)
    {
        bool isOpen = false;
        var why = new List<string>();
        for (int i = 0; i < members.Count; i++)
        {
            int at = (_first + i) % members.Count;
            EtcdAnswer answer = read(await members[at].Send(ask, cancel), members[at].Server);
            switch (answer)
            {
                case EtcdAnswer.Away away:
                    isOpen |= away.MayHaveHappened;
                    why.Add(away.Why);
                    continue;
                case not (EtcdAnswer.Done or EtcdAnswer.KeyError) when isOpen && changes:
                    return new EtcdAnswer.Away(string.Join("; ", answer is EtcdAnswer.No no ? [.. why, no.Why] : why), true);
                default:
                    _first = at;
                    return answer;
            }
        }

        return new EtcdAnswer.Away(string.Join("; ", why), isOpen);
    }

    /// <summary>Listens to the first that lets itself be listened to. <see cref="EtcdAnswer.Done"/>: the stream came to its end, or was
    /// cut, or enough was heard.</summary>
    /// <param name="ask">The request.</param>
    /// <param name="onPiece">Takes a piece of the stream; false = enough.</param>
    /// <param name="read">Reads an answer of the server that is named.</param>
    /// <param name="cancel">Ends it.</param>
    internal async ValueTask<EtcdAnswer> Listen(
        HttpAsk ask, Func<ReadOnlyMemory<byte>, bool> onPiece, Func<HttpReply, string, EtcdAnswer> read, CancellationToken cancel)
    {
        EtcdAnswer answer = new EtcdAnswer.Away("no member", false);
        for (int i = 0; i < members.Count; i++)
        {
            int at = (_first + i) % members.Count;
            HttpReply reply = await members[at].Listen(ask, onPiece, cancel);
            answer = read(reply, members[at].Server);
            if (reply is HttpReply.Answer { Status: >= 200 and <= 299, BodyProblem: not null })
            {
                // It went in the middle of a sentence: the next try asks its neighbour first.
                _first = (at + 1) % members.Count;
                return new EtcdAnswer.Done(default, members[at].Server);
            }

            if (answer is EtcdAnswer.Away) continue;
            _first = at;
            return answer;
        }

        return answer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IHttpTransport member in members) (member as IDisposable)?.Dispose();
    }
}
