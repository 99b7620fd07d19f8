using DlmUpdater.Core.Locking;

namespace DlmUpdater.Locks.Http;

/// <summary>What the calls of every lock service over HTTP have in common: a pause for which the server asked is in the reply, a server
/// that is
/// not trusted is no server that does not respond, and a call that was cut off before
/// anything was sent says so.</summary>
internal static class ServiceEdge
{
    /// <summary>An acquire.</summary>
    internal static async ValueTask<AcquireReply> Acquire(IHttpTraffic traffic, Func<ValueTask<AcquireReply>> call)
    {
        AcquireReply reply = await Of(traffic, call);
        return reply is AcquireReply.Unreachable away
            ? away with { RetryAfter = traffic.RetryAfter, IsDistrusted = traffic.IsDistrusted }
            : reply;
    }

    /// <summary>A release.</summary>
    internal static async ValueTask<ReleaseReply> Release(IHttpTraffic traffic, Func<ValueTask<ReleaseReply>> call)
    {
        long resent = traffic.Resent;
        ReleaseReply reply = await Of(traffic, call);
        return reply switch
        {
            ReleaseReply.Unreachable away => away with { RetryAfter = traffic.RetryAfter },

            // The release whose answer was lost may have freed the lock for that holder.
            ReleaseReply.HeldByOther other => other with { MayBeReleased = traffic.Resent != resent },
            _ => reply,
        };
    }

    /// <summary>A show.</summary>
    internal static async ValueTask<ShowReply> Show(IHttpTraffic traffic, Func<ValueTask<ShowReply>> call)
    {
        ShowReply reply = await Of(traffic, call);
        return reply is ShowReply.Unreachable away ? away with { RetryAfter = traffic.RetryAfter } : reply;
    }

    private static async ValueTask<T> Of<T>(IHttpTraffic traffic, Func<ValueTask<T>> call)
    {
        long before = traffic.Sent;
        try
        {
            return await call();
        }
        catch (CutOffException e) when (before >= 0 && traffic.Sent == before)
        {
            throw new CutOffException(e.WaitingFor, e.CancellationToken) { NothingSent = true };
        }
    }
}
