using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace DlmUpdater.Host;

/// <summary>The signals that ask this process to stop, and those that would end it for no good reason. One instance for the process. Its
/// handlers are registered once and never removed, and its sources are never disposed: a signal may arrive until the kernel has taken the
/// process away, and one that comes after the last decision must leave the exit code as it is.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "A source that is disposed would throw when a signal arrives in the last moment.")]
internal sealed class Signals
{
    /// <summary>A signal so soon after the first one belongs to the same request: <c>timeout</c> signals the process and then its group,
    /// and a terminal that is closed sends SIGHUP twice.</summary>
    internal static readonly TimeSpan SameRequest = TimeSpan.FromSeconds(1);

    private static readonly PosixSignal[] Asking = [PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP, PosixSignal.SIGQUIT];

    // The handlers live as long as these references.
    private static readonly List<PosixSignalRegistration> Registrations = [];
    private static readonly List<int> IgnoredHere = [Native.Process.SIGPIPE];
    private static readonly Lock Registering = new();

    private readonly Lock gate = new();
    private readonly CancellationTokenSource stop = new(), atOnce = new();
    private readonly TimeProvider time;
    private Action<int>? diverted;
    private long? asked;

    /// <summary>Signals by the clock of <paramref name="time"/>; those of the process are <see cref="OfThisProcess"/>.</summary>
    internal Signals(TimeProvider time) => this.time = time;

    /// <summary>The signals of this process. Until <see cref="Catch"/> they have their default effect, and no token is ever cancelled.</summary>
    internal static Signals OfThisProcess { get; } = new(TimeProvider.System);

    /// <summary>Cancelled by the first SIGTERM, SIGINT, SIGHUP or SIGQUIT: stop, keep the state, end with 75.</summary>
    internal CancellationToken Stop => stop.Token;

    /// <summary>Cancelled by a second SIGTERM, SIGINT or SIGQUIT, at least <see cref="SameRequest"/> after the first: stop without waiting for a
    /// script that still runs.</summary>
    internal CancellationToken AtOnce => atOnce.Token;

    /// <summary>Handles the signals that ask to stop, and ignores those whose default is to end the process. The first thing that a verb does that
    /// acts; again it does nothing. What the caller ignores stays ignored (nohup, a background job of a shell). Null, or why the signals
    /// cannot be handled.</summary>
    internal static string? Catch()
    {
        lock (Registering)
        {
            if (Registrations.Count > 0) return null;
            try
            {
                foreach (PosixSignal signal in Asking) Registrations.Add(PosixSignalRegistration.Create(signal, Handle));
            }
            catch (Exception e) when (e is Win32Exception or IOException or OutOfMemoryException)
            {
                Registrations.Clear();
                return $"signals cannot be handled: {e.Message}";
            }

            foreach (int signal in SignalNumbers.Needless) IgnoreUnlessHandled(signal);
            LetThrough();
            return null;
        }
    }

    /// <summary>Ends the waiting of signals that came since the start (first.c), or that a caller has blocked: at once for what <see cref="Catch"/> does not handle.</summary>
    internal static unsafe void LetThrough()
    {
        const int unblock = 1;
        byte* asking = stackalloc byte[Native.Process.OpaqueBytes];
        var set = new Span<byte>(asking, Native.Process.OpaqueBytes);
        set.Clear();
        foreach (int signal in (ReadOnlySpan<int>)[Native.SIGTERM, Native.SIGINT, Native.SIGHUP, Native.SIGQUIT]) set[(signal - 1) / 8] |= (byte)(1 << ((signal - 1) % 8));
        _ = Native.Process.sigprocmask(unblock, asking, null);
    }

    /// <summary>The signals that this process ignores and its caller may not have ignored: a child must not inherit that. The runtime ignores SIGPIPE.</summary>
    internal static IReadOnlyList<int> NotInherited => IgnoredHere;

    /// <summary>Until disposed, signals go to <paramref name="to"/> only, with their number: for a command in the foreground, which they are meant for.</summary>
    internal IDisposable Divert(Action<int> to)
    {
        lock (gate) diverted = to;
        return new Diversion(this);
    }

    /// <summary>What a handler does with <paramref name="signal"/>. May be called at any time, from any thread.</summary>
    internal void On(int signal)
    {
        CancellationTokenSource due = stop;
        lock (gate)
        {
            if (diverted is { } to)
            {
                to(signal);
                return;
            }

            if (asked is null) asked = time.GetTimestamp();
            else if (signal == Native.SIGHUP || time.GetElapsedTime(asked.Value) < SameRequest) return;
            else due = atOnce;
        }

        due.Cancel();
    }

    private static void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        OfThisProcess.On(context.Signal switch
        {
            PosixSignal.SIGTERM => Native.SIGTERM,
            PosixSignal.SIGINT => Native.SIGINT,
            PosixSignal.SIGQUIT => Native.SIGQUIT,
            _ => Native.SIGHUP,
        });
    }

    /// <summary>Not where something has a handler: the runtime itself uses a real-time signal.</summary>
    private static unsafe void IgnoreUnlessHandled(int signal)
    {
        byte* action = stackalloc byte[Native.Process.OpaqueBytes];
        new Span<byte>(action, Native.Process.OpaqueBytes).Clear();

        // The handler is the first field of struct sigaction in every libc we meet.
        if (Native.Process.sigaction(signal, null, action) == 0 && *(nint*)action == Native.Process.SIG_DFL)
        {
            _ = Native.Process.signal(signal, Native.Process.SIG_IGN);
            IgnoredHere.Add(signal);
        }
    }

    private sealed class Diversion(Signals signals) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose()
        {
            lock (signals.gate) signals.diverted = null;
        }
    }
}
