using System.Text;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Locks.Http;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Locks.Conformance;

/// <summary>How a server is away.</summary>
public enum Outage
{
    /// <summary>Its port is closed: every call fails at once, and nothing was sent.</summary>
    Closed,

    /// <summary>It takes every request, acts on none, and never answers: every call takes the 30 s that a call may take.</summary>
    Silent,
}

/// <summary>A host of paper whose run and whose client of the lock service are the real ones, over a wire on which the server can be away.
/// Everything happens on the caller's thread, in fake time.</summary>
internal abstract class RunBed : IRunStore, IScripts, IHost, IRunEvents, IHttpTransport
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    private readonly List<(string Act, Action Happens)> plans = [];
    private StoredRun disk = new StoredRun.None();
    private DateTimeOffset awayUntil = DateTimeOffset.MinValue;
    private Outage outage;
    private int runs;

    /// <summary>This host's name at the service.</summary>
    public const string Host = "a.example";

    /// <summary>True if this host holds the lock, as the server has it.</summary>
    public abstract bool Held { get; }

    /// <summary>True if nobody holds the lock.</summary>
    public abstract bool IsFree { get; }

    public FakeTimeProvider Time { get; } = new(Noon);

    /// <summary>What was done, with the time since noon: scripts as <c>phase/name</c>, requests by their method.</summary>
    public List<(string Act, TimeSpan At, bool Held)> Acts { get; } = [];

    public List<RunEvent> Events { get; } = [];

    public bool Reboots { get; init; }

    /// <summary>How long the service is waited for.</summary>
    public LockSettings Patience { get; set; } = new();

    public BootIdentity Boot { get; set; } = new("boot-1", 7);

    public TimeSpan BootClock => TimeSpan.FromHours(5) + Now;

    public DateTimeOffset BootedAt => Noon.AddHours(-5);

    public string Server => "lock.example";

    public RunState? Open => (disk as StoredRun.Open)?.State;

    public TimeSpan Now => Time.GetUtcNow() - Noon;

    /// <summary>The scripts that ran, in order.</summary>
    public string[] Scripts => [.. Acts.Where(a => a.Act.Contains('/', StringComparison.Ordinal)).Select(a => a.Act)];

    /// <summary>How many requests were made while the server was away.</summary>
    public int AskedInVain { get; private set; }

    public TimeSpan When(string act) => Acts.First(a => a.Act == act).At;

    /// <summary>At the end of the first act of that name, once, something happens.</summary>
    public void At(string act, Action happens) => plans.Add((act, happens));

    /// <summary>The server is away from now on, for an hour.</summary>
    public void Leave(Outage how) => Leave(how, TimeSpan.FromHours(1));

    /// <summary>The server is away from now on.</summary>
    public void Leave(Outage how, TimeSpan length) => (outage, awayUntil) = (how, Time.GetUtcNow() + length);

    /// <summary>One start, to its end; a day at most.</summary>
    public RunReport Run()
    {
        SynchronizationContext.SetSynchronizationContext(null);
        ILockService service = Client();
        Task<RunReport> run = new UpdateRun(new RunContext
        {
            Settings = new UpdaterSettings { Lock = Patience },
            Store = this,
            LockService = service,
            Scripts = this,
            Host = this,
            Events = this,
            Time = Time,
            Dice = () => 0.5,
            NewRunId = () => $"run-{++runs}",
        }).Start(false, CancellationToken.None).AsTask();
        for (DateTimeOffset end = Time.GetUtcNow().AddDays(1); !run.IsCompleted; Time.Advance(TimeSpan.FromSeconds(1)))
            Assert.True(Time.GetUtcNow() < end, $"it does not end: {string.Join(", ", Acts)}");
        return run.GetAwaiter().GetResult();
    }

    public async ValueTask<HttpReply> Send(HttpAsk ask, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (Time.GetUtcNow() < awayUntil)
        {
            AskedInVain++;
            Note("in vain");
            if (outage == Outage.Silent) await Silence(cancel);
            return new HttpReply.NoAnswer("cannot connect", outage == Outage.Silent);
        }

        (int status, string body) = Handle(ask);
        Note(ask.Method);
        // What has just begun: the server acted, and was gone before it answered.
        return Time.GetUtcNow() < awayUntil
            ? new HttpReply.NoAnswer("closed the connection", true)
            : new HttpReply.Answer(status, Encoding.UTF8.GetBytes(body));
    }

    /// <summary>The client of the service, over this wire.</summary>
    protected abstract ILockService Client();

    /// <summary>What the server does and says when it is there.</summary>
    protected abstract (int Status, string Body) Handle(HttpAsk ask);

    /// <summary>Ends on the thread that lets the time pass or cancels, which Task.Delay does not always: no time may
    /// pass in between.</summary>
    private async Task Silence(CancellationToken cancel)
    {
        var over = new TaskCompletionSource();
        await using ITimer timer = Time.CreateTimer(_ => over.TrySetResult(), null, CallTimeout, Timeout.InfiniteTimeSpan);
        await using CancellationTokenRegistration early = cancel.UnsafeRegister(_ => over.TrySetCanceled(cancel), null);
        await over.Task;
    }

    public ValueTask<StoredRun> Load(CancellationToken cancel) => new(disk);

    public ValueTask<string?> Save(RunState state)
    {
        disk = new StoredRun.Open(state);
        return new((string?)null);
    }

    public ValueTask<string?> Remove()
    {
        disk = new StoredRun.None();
        return new((string?)null);
    }

    public ScriptSet Find(ScriptStage stage) => new()
    {
        Stage = stage,
        Directory = "/scripts/" + stage.DirectoryName(),
        Scripts = [.. Names(stage).Select(name =>
            new Script(stage, name, $"/scripts/{stage.DirectoryName()}/{name}", new ScriptHeader(), null, null))],
    };

    public ValueTask<ScriptResult> Run(Script script, ScriptContext context, CancellationToken cancel)
    {
        Note($"{script.Stage.Name()}/{script.Name}");
        bool says = script.Stage == ScriptStage.NeedsUpdate || (script.Stage == ScriptStage.NeedsReboot && Reboots);
        return new(new ScriptResult.Exited(says ? 1 : 0, TimeSpan.FromSeconds(1)));
    }

    public ValueTask<BootAnswer> AskBoot(bool start, TimeSpan atMost, CancellationToken cancel) => new(new BootAnswer.Successful("active"));

    public ValueTask<ScriptResult> RequestReboot(ScriptContext context, CancellationToken cancel)
    {
        Note("reboot/request");
        return new(new ScriptResult.Exited(0, TimeSpan.Zero));
    }

    public ValueTask<bool> AwaitOutlived(string? runId, CancellationToken cancel) => new(true);

    public bool IsDoneForEver(Script script) => false;

    public string? RecordDoneForEver(Script script, string runId) => null;

    public void On(RunEvent happened) => Events.Add(happened);

    private static string[] Names(ScriptStage stage) => stage.IsOptional() ? [] : ["one"];

    private void Note(string act)
    {
        Acts.Add((act, Now, Held));
        int plan = plans.FindIndex(p => p.Act == act);
        if (plan < 0) return;
        Action happens = plans[plan].Happens;
        plans.RemoveAt(plan);
        happens();
    }
}
