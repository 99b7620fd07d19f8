using DlmUpdater.Core.Locking;
using DlmUpdater.Host;
using DlmUpdater.Locks.Etcd;

namespace DlmUpdater.Cli;

/// <summary>One call of a lock service by hand: whatever the service does, it ends.</summary>
internal static class BoundedCall
{
    /// <summary>A question, and an acquire: it does not wait, not even for a server that does not answer.</summary>
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(10);

    /// <summary>A few questions.</summary>
    private static readonly TimeSpan Medium = TimeSpan.FromSeconds(20);

    /// <summary>Changes that somebody waits for, and lists of many pages: a server on Kubernetes has a node to open again first.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    /// <summary>Who holds the lock.</summary>
    internal static ShowReply Show(ILockService service) =>
        Of(service.Show, Short, (why, _) => new ShowReply.Unreachable(why), acts: false);

    /// <summary>The same, ended by <paramref name="cancel"/> too, which throws.</summary>
    internal static ValueTask<ShowReply> Show(ILockService service, TimeProvider time, CancellationToken cancel) =>
        Of(service.Show, Short, (why, _) => new ShowReply.Unreachable(why), time, cancel);

    /// <summary>One try to take the lock.</summary>
    internal static AcquireReply Acquire(ILockService service) =>
        Of(service.Acquire, Short, (why, mayHaveHappened) => new AcquireReply.Unreachable(why, mayHaveHappened));

    /// <summary>One try to give it back.</summary>
    internal static ReleaseReply Release(ILockService service) =>
        Of(service.Release, Long, (why, _) => new ReleaseReply.Unreachable(why));

    /// <summary>Frees the slot of a host.</summary>
    internal static ReleaseReply Unlock(ILockUnlock service, string holder) =>
        Of(cancel => service.Unlock(holder, cancel), Long, (why, _) => new ReleaseReply.Unreachable(why));

    /// <summary>Sets the number of slots.</summary>
    internal static SlotsReply SetSlots(ILockSlots service, int slots) =>
        Of(cancel => service.SetSlots(slots, cancel), Long, (why, _) => new SlotsReply.Unreachable(why));

    /// <summary>Switches the lock.</summary>
    internal static SwitchReply Switch(ILockSwitch service, bool enabled) =>
        Of(cancel => service.Switch(enabled, cancel), Long, (why, _) => new SwitchReply.Unreachable(why));

    /// <summary>What happened to the lock.</summary>
    internal static EventsReply Events(ILockEvents service) => Of(service.Events, Long, (why, _) => new EventsReply.Unreachable(why), acts: false);

    /// <summary>All locks.</summary>
    internal static ListReply List(ILockList service) => Of(service.List, Long, (why, _) => new ListReply.Unreachable(why), acts: false);

    /// <summary>Finds or makes the semaphore for a command of locksmithctl.</summary>
    internal static LocksmithReply Open(LocksmithCommands semaphore) => Of(semaphore.Open, Short, (why, _) => LocksmithReply.NoClient.Unavailable(why));

    /// <summary>A command of locksmithctl.</summary>
    internal static LocksmithReply Do(Func<CancellationToken, ValueTask<LocksmithReply>> command) => Of(command, Long, (why, _) => new LocksmithReply.Failed(why));

    /// <summary>What a show does not tell.</summary>
    internal static IReadOnlyList<ProbeAnswer> Probe(ILockProbe service) =>
        Of(service.Probe, Medium, (why, _) => [new ProbeAnswer.Bad("lock service", why)]);

    /// <summary>A signal ends a call that acts with what is known of it: a lock that may be held must not be left without a word.</summary>
    private static T Of<T>(Func<CancellationToken, ValueTask<T>> call, TimeSpan limit, Func<string, bool, T> cutOff, bool acts = true)
    {
        if (acts && Signals.Catch() is { } deaf) return cutOff(deaf, false);
        try
        {
            return Of(call, limit, cutOff, TimeProvider.System, Signals.OfThisProcess.Stop).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException e)
        {
            var known = e as CutOffException;
            return cutOff($"interrupted while waiting for {known?.WaitingFor ?? "the answer of the lock service"}", known is not { NothingSent: true });
        }
    }

    private static async ValueTask<T> Of<T>(
        Func<CancellationToken, ValueTask<T>> call, TimeSpan limit, Func<string, bool, T> cutOff, TimeProvider time, CancellationToken cancel)
    {
        using var end = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, end.Token);
        try
        {
            return await call(either.Token);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            var known = e as CutOffException;
            return cutOff($"{known?.WaitingFor ?? "the answer of the lock service"} took longer than {limit.TotalSeconds:0} s: check the service and the way to it",
                known is not { NothingSent: true });
        }
    }
}
