using System.Runtime.CompilerServices;

namespace DlmUpdater.Bench.Simulation;

/// <summary>The event loop: simulated time goes from one due step to the next, on one thread. Nothing waits for real.</summary>
public sealed class Simulator(bool tracing)
{
    private readonly PriorityQueue<Step, (long Due, long Order)> _steps = new();
    private long _order;

    /// <summary>Simulated time since the start of the seed.</summary>
    public TimeSpan Now { get; private set; }

    /// <summary>How many steps were taken.</summary>
    public long Steps { get; private set; }

    /// <summary>A running checksum of what happened when, to compare two runs of a seed cheaply.</summary>
    public ulong Checksum { get; private set; } = 14695981039346656037UL;

    /// <summary>What happened, for people; null unless traced.</summary>
    public List<string>? Trace { get; } = tracing ? [] : null;

    /// <summary>Does <paramref name="act"/> after <paramref name="delay"/>, unless <paramref name="owner"/> is dead by then.</summary>
    public void After(TimeSpan delay, Agent? owner, Action act)
    {
        ArgumentNullException.ThrowIfNull(act);
        long due = Now.Ticks + Math.Max(delay.Ticks, 0);
        _steps.Enqueue(new Step(owner, act), (due, _order++));
    }

    /// <summary>Takes the next step that is due at or before <paramref name="horizon"/>; false if there is none.</summary>
    public bool Advance(TimeSpan horizon)
    {
        while (_steps.TryPeek(out Step step, out var key))
        {
            if (key.Due > horizon.Ticks)
            {
                Now = horizon;
                return false;
            }

            _steps.Dequeue();
            if (step.Owner is { Alive: false }) continue;
            Now = TimeSpan.FromTicks(key.Due);
            Steps++;
            Note((ulong)key.Due);
            Note((ulong)(step.Owner?.Host.Index ?? 99));
            step.Act();
            return true;
        }

        Now = horizon;
        return false;
    }

    /// <summary>Mixes a number into <see cref="Checksum"/>.</summary>
    public void Note(ulong value) => Checksum = unchecked((Checksum ^ value) * 1099511628211UL);

    /// <summary>One line of the trace. The text is only made when the seed is traced.</summary>
    public void Say(string who, [InterpolatedStringHandlerArgument("")] ref SaidText what)
    {
        if (Trace is not null) Trace.Add($"{(int)Now.TotalDays}d {Now:hh\\:mm\\:ss\\.fff} {who,-6} {what.Finish()}");
    }

    /// <summary>Builds the text of <see cref="Say"/>, or nothing.</summary>
    [InterpolatedStringHandler]
    public ref struct SaidText
    {
        private DefaultInterpolatedStringHandler _text;

        /// <summary>Called by the compiler.</summary>
        public SaidText(int literal, int formatted, Simulator simulator, out bool wanted)
        {
            ArgumentNullException.ThrowIfNull(simulator);
            wanted = simulator.Trace is not null;
            _text = wanted ? new DefaultInterpolatedStringHandler(literal, formatted) : default;
        }

        /// <summary>Called by the compiler.</summary>
        public void AppendLiteral(string text) => _text.AppendLiteral(text);

        /// <summary>Called by the compiler.</summary>
        public void AppendFormatted<T>(T value, string? format = null) => _text.AppendFormatted(value, format);

        internal string Finish() => _text.ToStringAndClear();
    }

    private readonly record struct Step(Agent? Owner, Action Act);
}
