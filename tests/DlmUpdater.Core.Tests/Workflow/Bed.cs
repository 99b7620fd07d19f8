using System.Collections.Immutable;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scheduling;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Core.Tests.Workflow;

/// <summary>A host, a disk, a lock and scripts of paper. Every port answers at once, waiting advances the fake clock, and every act
/// leaves a line in <see cref="Acts"/>.</summary>
internal sealed class Bed : IRunStore, ILockService, IScripts, IHost, IRunEvents, ISchedule
{
    internal static readonly DateTimeOffset Noon = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);
    internal static readonly BootIdentity Boot1 = new("boot-1", 7);
    internal static readonly BootIdentity Boot2 = new("boot-2", 7);
    internal static readonly LockIdentity Fleet = new("paper", "fleet", "me");
    internal static readonly LockHolder Me = new("me", null, null, true);
    internal static readonly LockHolder Other = new("other-id", "other", null, false);

    internal FakeTimeProvider Time { get; } = new(Noon);

    internal List<string> Acts { get; } = [];

    internal List<RunEvent> Events { get; } = [];

    internal StoredRun Disk { get; set; } = new StoredRun.None();

    internal RunState Open => ((StoredRun.Open)Disk).State;

    internal UpdaterSettings Settings { get; set; } = new();

    internal CancellationTokenSource Sigterm { get; } = new();

    internal Dictionary<ScriptStage, string[]> Names { get; } = new() { [ScriptStage.NeedsUpdate] = ["due"], [ScriptStage.NeedsReboot] = ["ask"] };

    internal Dictionary<string, Func<ScriptResult>> Results { get; } = new() { ["needs_update/due"] = () => Exit(1), ["needs_reboot/ask"] = () => Exit(0) };

    internal HashSet<string> Once { get; } = [];

    internal HashSet<string> DoneForEver { get; } = [];

    internal Dictionary<ScriptStage, ScriptSet> Broken { get; } = [];

    internal List<string> Arguments { get; } = [];

    internal Func<string, string?> Write { get; set; } = _ => null;

    internal Func<AcquireReply> Acquires { get; set; } = () => new AcquireReply.Granted(Noon);

    internal Func<ReleaseReply> Releases { get; set; } = () => new ReleaseReply.Released();

    internal Func<ShowReply> Shows { get; set; } = () => Shown(Me);

    internal Func<DateTimeOffset, Admission> Admits { get; set; } = _ => new Admission.Open(null);

    internal string? NoNewRun { get; set; }

    internal Action Waiting { get; set; } = () => { };

    internal Func<bool> Outlived { get; set; } = () => true;

    /// <summary>What the init says of the boot; told whether it is to start the checks.</summary>
    internal Func<bool, BootAnswer> Boots { get; set; } = _ => new BootAnswer.Successful("active");

    /// <summary>How often the boot was asked, and each time whether its checks were started.</summary>
    internal List<bool> BootAsked { get; } = [];

    internal Func<ScriptResult> Reboots { get; set; } = () => Exit(0);

    /// <summary>True: the lock service takes every call and answers none; a call ends only when it is cancelled.</summary>
    internal bool Hangs { get; set; }

    public BootIdentity Boot { get; set; } = Boot1;

    public TimeSpan BootClock { get; set; } = TimeSpan.FromHours(5);

    public DateTimeOffset BootedAt => Time.GetUtcNow() - BootClock;

    public LockIdentity Identity { get; set; } = Fleet;

    internal static ScriptResult Exit(int code) => new ScriptResult.Exited(code, TimeSpan.FromSeconds(1));

    internal static ShowReply Shown(params LockHolder[] holders) => new ShowReply.Shown(new LockView("fleet", 1, holders, true, "r"));

    internal static RunState State(Phase phase) => new()
    {
        RunId = "old-run",
        Phase = phase,
        Started = Noon.AddHours(-1),
        PhaseSince = Noon.AddMinutes(-30),
        Attempt = 1,
        Boot = Boot1,
        Lock = new LockClaim(Fleet, Noon.AddHours(-1), Noon.AddMinutes(-30)),
    };

    internal Bed At(Phase phase, Func<RunState, RunState>? change = null)
    {
        RunState state = State(phase);
        Disk = new StoredRun.Open(change is null ? state : change(state));
        return this;
    }

    internal Bed Strategy(RebootStrategy strategy)
    {
        Settings = Settings with { Reboot = Settings.Reboot with { Strategy = strategy } };
        return this;
    }

    internal Bed Lock(Func<LockSettings, LockSettings> change)
    {
        Settings = Settings with { Lock = change(Settings.Lock) };
        return this;
    }

    internal LockKeeper Keeper() => new(this, Settings.Lock, Settings.Reboot.Strategy, Time, () => 0.5, this);

    /// <summary>One start. All ports answer at once, so it has ended when this returns.</summary>
    internal RunReport Run(bool afterReboot = false)
    {
        Task<RunReport> started = Start(afterReboot);
        Assert.True(started.IsCompleted, $"it still waits after: {string.Join(", ", Acts)}");
        return started.GetAwaiter().GetResult();
    }

    /// <summary>One start that may wait: the clock is advanced second by second until it ends.</summary>
    internal RunReport RunWaiting(bool afterReboot = false)
    {
        Task<RunReport> started = Start(afterReboot);
        for (int seconds = 0; !started.IsCompleted && seconds < 24 * 3600; seconds++) Pass(TimeSpan.FromSeconds(1));
        Assert.True(started.IsCompleted, $"it still waits after: {string.Join(", ", Acts)}");
        return started.GetAwaiter().GetResult();
    }

    private Task<RunReport> Start(bool afterReboot)
    {
        int runs = 0;
        return new UpdateRun(new RunContext
        {
            Settings = Settings,
            Store = this,
            LockService = this,
            Scripts = this,
            Host = this,
            Events = this,
            Time = Time,
            Dice = () => 0.5,
            NewRunId = () => $"run-{++runs}",
            Schedule = this,
            NoNewRun = NoNewRun,
        }).Start(afterReboot, Sigterm.Token).AsTask();
    }

    public ValueTask<StoredRun> Load(CancellationToken cancel) => new(Disk);

    public ValueTask<string?> Save(RunState state)
    {
        string act = $"save {state.Phase.Name()}{(state.Finished.IsEmpty ? "" : $" {string.Join('+', state.Finished.Select(f => f.Name))}")}";
        if (Write(act) is { } why) return new(why);
        Acts.Add(act);
        Disk = new StoredRun.Open(state);
        return new((string?)null);
    }

    public ValueTask<string?> Remove()
    {
        if (Write("remove") is { } why) return new(why);
        Acts.Add("remove");
        Disk = new StoredRun.None();
        return new((string?)null);
    }

    public ValueTask<AcquireReply> Acquire(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Acts.Add("acquire");
        if (Hangs) return Never<AcquireReply>(cancel);
        return new(Acquires());
    }

    public ValueTask<ReleaseReply> Release(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Acts.Add("release");
        if (Hangs) return Never<ReleaseReply>(cancel);
        return new(Releases());
    }

    public ValueTask<ShowReply> Show(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Acts.Add("show");
        if (Hangs) return Never<ShowReply>(cancel);
        return new(Shows());
    }

    public ValueTask WaitForChange(string? revision, TimeSpan atMost, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Pass(atMost);
        Waiting();
        return default;
    }

    private static ValueTask<T> Never<T>(CancellationToken cancel)
    {
        var answer = new TaskCompletionSource<T>();
        cancel.Register(() => answer.TrySetCanceled(cancel));
        return new(answer.Task);
    }

    internal void Pass(TimeSpan time)
    {
        Time.Advance(time);
        BootClock += time;
    }

    public ScriptSet Find(ScriptStage stage) => Broken.GetValueOrDefault(stage) ?? new ScriptSet
    {
        Stage = stage,
        Directory = "/scripts/" + stage.DirectoryName(),
        Scripts = Names.GetValueOrDefault(stage, []).Select(n => new Script(stage, n, $"/scripts/{stage.DirectoryName()}/{n}",
            new ScriptHeader(RunOnce: Once.Contains($"{stage.Name()}/{n}")), null, null)).ToImmutableArray(),
    };

    public ValueTask<ScriptResult> Run(Script script, ScriptContext context, CancellationToken cancel)
    {
        string name = $"{script.Stage.Name()}/{script.Name}";
        Acts.Add(name);
        Arguments.AddRange(context.Arguments);
        return new(Results.TryGetValue(name, out Func<ScriptResult>? result) ? result() : Exit(0));
    }

    public ValueTask<bool> AwaitOutlived(string? runId, CancellationToken cancel) => new(Outlived());

    public bool IsDoneForEver(Script script) => DoneForEver.Contains($"{script.Stage.Name()}/{script.Name}");

    public string? RecordDoneForEver(Script script, string runId)
    {
        string name = $"{script.Stage.Name()}/{script.Name}";
        if (Write($"once {name}") is { } why) return why;
        Acts.Add($"once {name}");
        DoneForEver.Add(name);
        return null;
    }

    public ValueTask<ScriptResult> RequestReboot(ScriptContext context, CancellationToken cancel)
    {
        Acts.Add("reboot!");
        return new(Reboots());
    }

    public ValueTask<BootAnswer> AskBoot(bool start, TimeSpan atMost, CancellationToken cancel)
    {
        BootAsked.Add(start);
        return new(Boots(start));
    }

    public void On(RunEvent happened) => Events.Add(happened);

    public Admission Admit(DateTimeOffset now) => Admits(now);
}
