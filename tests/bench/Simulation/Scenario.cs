using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Bench.Simulation;

/// <summary>A part that is broken on purpose, to show that the judge notices.</summary>
[Flags]
public enum Sabotage
{
    /// <summary>Nothing is broken.</summary>
    None = 0,

    /// <summary>The store says saved a while before it is.</summary>
    StoreSaysSavedTooEarly = 1,

    /// <summary>The lock service grants over its slots.</summary>
    ServiceGrantsOverItsSlots = 2,

    /// <summary>A release frees whoever holds the lock.</summary>
    ReleaseFreesAnother = 4,

    /// <summary>A show answers "yours" without looking.</summary>
    ShowBelieves = 8,

    /// <summary>Nobody waits for a script that outlived its agent.</summary>
    OutlivedIsNotAwaited = 16,

    /// <summary>What is recorded as done for ever is forgotten.</summary>
    RunOnceIsForgotten = 32,

    /// <summary>A remove does nothing and says that it did.</summary>
    RemoveIsLost = 64,

    /// <summary>An acquire says granted without asking anybody.</summary>
    GrantWithoutAsking = 128,

    /// <summary>The preflight finds every script trusted: a refusal shows up only after the lock was asked for.</summary>
    PreflightSeesNothing = 256,

    /// <summary>A show says "yours" from memory, without a question.</summary>
    ShowFromMemory = 512,

    /// <summary>A show takes minutes and cannot be cut short.</summary>
    ShowCannotBeCutShort = 1024,

    /// <summary>SIGTERM does not reach the run.</summary>
    SigtermIsNotHeard = 2048,

    /// <summary>Scripts are found in the wrong order.</summary>
    ScriptsReversed = 4096,

    /// <summary>Best-effort waives at the first failure.</summary>
    BestEffortAtOnce = 8192,

    /// <summary>Every boot passes for successful.</summary>
    BootIsAlwaysSuccessful = 16384,

    /// <summary>After a signal only the script's own process is waited for, as 0.1.0 did.</summary>
    SurvivorsAreForgotten = 32768,
}

/// <summary>Replaces the resume table.</summary>
public delegate ResumePlan ResumeTable(StoredRun stored, ResumeFacts facts);

/// <summary>Everything that the seed fixes before the first step. Every kind of fault is absent from some seeds, so that
/// combinations of few faults are met as well as storms.</summary>
public sealed record Scenario
{
    /// <summary>How long faults happen; after it everything is healed.</summary>
    public TimeSpan Chaos { get; private init; }

    /// <summary>How many hosts.</summary>
    public int Hosts { get; private init; }

    /// <summary>How many may hold the lock at once.</summary>
    public int Slots { get; private init; }

    /// <summary>False: a service like FleetLock, which cannot show.</summary>
    public bool CanShow { get; private init; }

    /// <summary>The service wakes waiters when the lock changes.</summary>
    public bool Pushes { get; private init; }

    /// <summary>A disabled lock confirms and releases its holders (the file service), or refuses every change (Foreman).</summary>
    public bool DisabledStopsNewHoldersOnly { get; private init; }

    /// <summary>Settings of every host, before changes of strategy.</summary>
    public UpdaterSettings Settings { get; private init; } = new();

    /// <summary>How often the timer starts the agent.</summary>
    public TimeSpan TimerInterval { get; private init; }

    /// <summary>A maintenance window opens every so often; zero = always open.</summary>
    public TimeSpan WindowPeriod { get; private init; }

    /// <summary>How long it stays open.</summary>
    public TimeSpan WindowLength { get; private init; }

    /// <summary>New runs only on every second day.</summary>
    public bool EverySecondDay { get; private init; }

    /// <summary>A request never reaches the service.</summary>
    public double LostRequest { get; private init; }

    /// <summary>A request is done, its reply is lost.</summary>
    public double LostReply { get; private init; }

    /// <summary>The agent is killed somewhere in one call of a port.</summary>
    public double KillPerCall { get; private init; }

    /// <summary>Of those, how many are power cuts.</summary>
    public double PowerCutShare { get; private init; }

    /// <summary>The running script lives on when its agent is killed.</summary>
    public double Outlives { get; private init; }

    /// <summary>A save, a remove or a record fails.</summary>
    public double WriteFails { get; private init; }

    /// <summary>A script fails.</summary>
    public double ScriptFails { get; private init; }

    /// <summary>A check does not answer.</summary>
    public double CheckFails { get; private init; }

    /// <summary>A script is not trusted at a start.</summary>
    public double Untrusted { get; private init; }

    /// <summary>SIGTERM somewhere in a start.</summary>
    public double Sigterm { get; private init; }

    /// <summary>A signal ends a script's own process, and what it has started finishes its work.</summary>
    public double Survives { get; private init; }

    /// <summary>A second signal, some time after the first.</summary>
    public double SecondSignal { get; private init; }

    /// <summary>An accepted reboot does not happen.</summary>
    public double RebootNeverHappens { get; private init; }

    /// <summary>The reboot command fails.</summary>
    public double RebootFails { get; private init; }

    /// <summary>A boot is not successful, at first or at all.</summary>
    public double BootFails { get; private init; }

    /// <summary>Mean time between troubles of the lock service; zero = none.</summary>
    public TimeSpan ServiceTroubles { get; private init; }

    /// <summary>Mean time between an admin's takings and givings of locks; zero = none.</summary>
    public TimeSpan AdminMeddles { get; private init; }

    /// <summary>Mean time between unplanned reboots of one host or another; zero = none.</summary>
    public TimeSpan UnplannedReboots { get; private init; }

    /// <summary>A start uses another lock name than the usual one.</summary>
    public double ConfigChanges { get; private init; }

    /// <summary>A start uses another strategy than the usual one.</summary>
    public double StrategyChanges { get; private init; }

    /// <summary>A wall clock is stepped at a start.</summary>
    public double ClockSteps { get; private init; }

    /// <summary>A host begins with an old one-word file or an unreadable one.</summary>
    public double OldStates { get; private init; }

    /// <summary>Draws a scenario.</summary>
    public static Scenario Draw(Dice dice)
    {
        ArgumentNullException.ThrowIfNull(dice);
        double Maybe(double share, double from, double to) => dice.Chance(share) ? from + ((to - from) * dice.Unit()) : 0;
        bool windows = dice.Chance(0.35);
        return new Scenario
        {
            Chaos = TimeSpan.FromHours(4 + dice.Below(windows ? 20 : 8)),
            Hosts = 2 + dice.Below(5),
            Slots = dice.Pick(1, 1, 1, 2, 3),
            CanShow = dice.Chance(0.7),
            Pushes = dice.Chance(0.4),
            DisabledStopsNewHoldersOnly = dice.Chance(0.4),
            Settings = DrawSettings(dice),
            TimerInterval = dice.Seconds(900, 3600),
            WindowPeriod = windows ? TimeSpan.FromHours(4 + dice.Below(6)) : TimeSpan.Zero,
            WindowLength = dice.Seconds(1800, 7200),
            EverySecondDay = dice.Chance(0.1),
            LostRequest = Maybe(0.5, 0, 0.15),
            LostReply = Maybe(0.5, 0, 0.15),
            KillPerCall = Maybe(0.7, 0.002, 0.06),
            PowerCutShare = dice.Unit(),
            Outlives = dice.Unit(),
            WriteFails = Maybe(0.3, 0, 0.05),
            ScriptFails = Maybe(0.6, 0, 0.15),
            CheckFails = Maybe(0.5, 0, 0.15),
            Untrusted = Maybe(0.3, 0, 0.2),
            Sigterm = Maybe(0.5, 0, 0.3),
            Survives = Maybe(0.7, 0, 1),
            SecondSignal = Maybe(0.5, 0, 0.5),
            RebootNeverHappens = Maybe(0.5, 0, 0.5),
            RebootFails = Maybe(0.4, 0, 0.3),
            BootFails = Maybe(0.4, 0, 0.6),
            ServiceTroubles = dice.Chance(0.6) ? dice.Seconds(1800, 14400) : TimeSpan.Zero,
            AdminMeddles = dice.Chance(0.5) ? dice.Seconds(900, 7200) : TimeSpan.Zero,
            UnplannedReboots = dice.Chance(0.5) ? dice.Seconds(1200, 14400) : TimeSpan.Zero,
            ConfigChanges = Maybe(0.2, 0, 0.2),
            StrategyChanges = Maybe(0.3, 0, 0.3),
            ClockSteps = Maybe(0.2, 0, 0.2),
            OldStates = Maybe(0.2, 0.2, 0.8),
        };
    }

    private static UpdaterSettings DrawSettings(Dice dice) => new()
    {
        Lock = new LockSettings
        {
            Wait = dice.Chance(0.8),
            WaitMax = dice.Chance(0.3) ? dice.Seconds(60, 3600) : dice.Chance(0.5) ? TimeSpan.Zero : null,
            UnreachableMax = dice.Seconds(20, 3600),
            RetryInterval = dice.Seconds(2, 90),
            UnreachableAfter = dice.Seconds(30, 900),
        },
        Reboot = new RebootSettings
        {
            Strategy = dice.Pick(RebootStrategy.Lock, RebootStrategy.Lock, RebootStrategy.Lock, RebootStrategy.BestEffort),
            Timeout = dice.Seconds(300, 2400),
            BootCompleteTimeout = dice.Seconds(10, 900),
        },
        Schedule = new ScheduleSettings
        {
            RandomDelay = dice.Chance(0.15) ? dice.Seconds(0, 900) : TimeSpan.Zero,
            StableDelay = dice.Chance(0.15) ? dice.Seconds(0, 900) : TimeSpan.Zero,
        },
        Scripts = new ScriptSettings { Checks = dice.Chance(0.9) ? CheckRule.Answers : CheckRule.AnyNonZero },
    };
}
