using System.Collections.Immutable;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Settings;

/// <summary>The whole configuration, validated: what exists is usable. Made by the configuration layer, changed by nobody.</summary>
public sealed record UpdaterSettings
{
    /// <summary>Files and directories of this program.</summary>
    public PathSettings Paths { get; init; } = new();

    /// <summary>Which lock, and how to wait for it.</summary>
    public LockSettings Lock { get; init; } = new();

    /// <summary><c>[file]</c></summary>
    public FileLockSettings File { get; init; } = new();

    /// <summary><c>[foreman]</c>; null if it has no url.</summary>
    public ForemanSettings? Foreman { get; init; }

    /// <summary><c>[dlmengine]</c>; null if url or credential are not set.</summary>
    public DlmEngineSettings? DlmEngine { get; init; }

    /// <summary><c>[etcd]</c>; null if it has no endpoints.</summary>
    public EtcdSettings? Etcd { get; init; }

    /// <summary><c>[fleetlock]</c>; null if it has no url.</summary>
    public FleetLockSettings? FleetLock { get; init; }

    /// <summary>Where the scripts are and how they run.</summary>
    public ScriptSettings Scripts { get; init; } = new();

    /// <summary>When new runs may start.</summary>
    public ScheduleSettings Schedule { get; init; } = new();

    /// <summary>How the host reboots.</summary>
    public RebootSettings Reboot { get; init; } = new();

    /// <summary>Where the log goes.</summary>
    public LogSettings Log { get; init; } = new();

    /// <summary><c>[notify] command</c>, split into words: gets every line of the log and every event on its standard input; empty = none.</summary>
    public ImmutableArray<string> NotifyCommand { get; init; } = [];

    /// <summary><c>[upgrade]</c> and the bands.</summary>
    public UpgradeSettings Upgrade { get; init; } = new();

    /// <summary><c>[metrics] textfile</c>: absolute path; null = off.</summary>
    public string? MetricsTextfile { get; init; }

    /// <summary>Values that must never appear in a log.</summary>
    public ImmutableArray<string> Secrets { get; init; } = [];

    /// <summary>The secret with which this host asks the chosen lock service; null = it needs none.</summary>
    public SecretText? LockSecret => Lock.Service switch
    {
        LockServiceKind.DlmEngine => DlmEngine?.Secret,
        LockServiceKind.Etcd => Etcd?.Login?.Password,
        _ => null,
    };
}

/// <summary>Files and directories of this program, absolute.</summary>
public sealed record PathSettings
{
    /// <summary><c>[main] state_dir</c>: state, history, upgrade-history.</summary>
    public string StateDirectory { get; init; } = "/var/lib/dlm-updater";

    /// <summary><c>[main] state</c>; default <c>state</c> in the state directory.</summary>
    public string StateFile { get; init; } = "/var/lib/dlm-updater/state";

    /// <summary><c>[main] lock</c>: the file that keeps a second instance of this program away.</summary>
    public string InstanceLock { get; init; } = "/run/dlm-updater/instance.lock";

    /// <summary>Files that live as long as a boot. Environment <c>DLM_UPDATER__MAIN__RUN_DIR</c> or <c>[main] run_dir</c>.</summary>
    public string RunDirectory { get; init; } = "/run/dlm-updater";
}

/// <summary>The kinds of lock service.</summary>
public enum LockServiceKind
{
    /// <summary>A directory on a local disk or a shared volume.</summary>
    File,

    /// <summary>Foreman with the DLM plugin.</summary>
    Foreman,

    /// <summary>DLMEngine.</summary>
    DlmEngine,

    /// <summary>etcd, in the layout of airlock or locksmith.</summary>
    Etcd,

    /// <summary>FleetLock over HTTP.</summary>
    FleetLock,

    /// <summary>No service is configured: only with the strategies that take no lock for a new run (reboot, off).</summary>
    None,
}

/// <summary><c>[lock]</c></summary>
public sealed record LockSettings
{
    /// <summary>Which service.</summary>
    public LockServiceKind Service { get; init; } = LockServiceKind.File;

    /// <summary>The lock's name; empty where the service has no names (etcd, FleetLock: their group is the lock) and without a service.</summary>
    public string Name { get; init; } = "";

    /// <summary>This host's name at the service; null = as the service wants.</summary>
    public string? Holder { get; init; }

    /// <summary>Wait for a busy lock.</summary>
    public bool Wait { get; init; } = true;

    /// <summary>How long at most; zero = no end; null = until the window closes, and without a window 4 h.</summary>
    public TimeSpan? WaitMax { get; init; }

    /// <summary>How long a service that gives no usable answer is asked again.</summary>
    public TimeSpan UnreachableMax { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The mean pause between two polls.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Foreman: how long after the grant it is confirmed again; zero = only at once.</summary>
    public TimeSpan ConfirmAfter { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Strategy best-effort: how long the service must be unreachable before a run goes on without the lock.</summary>
    public TimeSpan UnreachableAfter { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary><c>[file]</c></summary>
public sealed record FileLockSettings
{
    /// <summary>Where the lock files are, absolute.</summary>
    public string Directory { get; init; } = "/var/lib/dlm-updater/locks";

    /// <summary>How many may hold a lock at once.</summary>
    public int Slots { get; init; } = 1;
}

/// <summary>What happens with a script that cannot be trusted.</summary>
public enum UntrustedRule
{
    /// <summary>It is an error: the run does not start.</summary>
    Fail,

    /// <summary>It is skipped with a warning if foreman_dlm_updater and DLMEngineUpdater skipped it: for its own owner and mode. What they would have run is
    /// an error still: a drain that silently no longer runs is worse than a run that does not start.</summary>
    Skip,
}

/// <summary>What a main directory that does not exist means.</summary>
public enum MissingRule
{
    /// <summary>It is an error: a directory that was lost must not look like one that is empty.</summary>
    Fail,

    /// <summary>It is empty, as DLMEngineUpdater had it.</summary>
    Empty,
}

/// <summary><c>[scripts]</c></summary>
public sealed record ScriptSettings
{
    /// <summary>The directory of each stage, absolute; all stages are present.</summary>
    public StageMap<string> Directories { get; init; } = UnderDirectory("/etc/dlm-updater");

    /// <summary>The timeout of each stage; null = no end. All stages are present.</summary>
    public StageMap<TimeSpan?> Timeouts { get; init; } = DefaultTimeouts;

    /// <summary>How exit codes of checks are read.</summary>
    public CheckRule Checks { get; init; } = CheckRule.Answers;

    /// <summary>What happens with a script that cannot be trusted.</summary>
    public UntrustedRule Untrusted { get; init; } = UntrustedRule.Fail;

    /// <summary>What a main directory that does not exist means.</summary>
    public MissingRule Missing { get; init; } = MissingRule.Fail;

    /// <summary>Users whose own <c>~/dlm_engine_updater/{pre,post}_update.d</c> scripts run too, as them.</summary>
    public ImmutableArray<string> UserScriptUsers { get; init; } = [];

    /// <summary>Where the ready hooks are, a directory each.</summary>
    public string Hooks { get; init; } = "/usr/share/dlm-updater/hooks";

    /// <summary>Checks 1 h, pre and post and what may veto them 4 h, on_failure 1 h; ext_notify 5 min, because it is waited for after every script;
    /// update and reboot none: killing a package manager is worse than waiting.</summary>
    public static StageMap<TimeSpan?> DefaultTimeouts { get; } =
        new(s => s switch
        {
            ScriptStage.NeedsUpdate or ScriptStage.NeedsReboot or ScriptStage.OnFailure => TimeSpan.FromHours(1),
            ScriptStage.PreUpdate or ScriptStage.PostUpdate or ScriptStage.PhaseHooks => TimeSpan.FromHours(4),
            ScriptStage.ExtNotify => TimeSpan.FromMinutes(5),
            _ => (TimeSpan?)null,
        });

    /// <summary>Every stage's directory under <paramref name="directory"/>.</summary>
    public static StageMap<string> UnderDirectory(string directory) =>
        new(s => directory.TrimEnd('/') + "/" + s.DirectoryName());
}

/// <summary><c>[schedule]</c></summary>
public sealed record ScheduleSettings
{
    /// <summary>As configured, such as <c>2:Tue,4:Fri</c>; null = none.</summary>
    public string? DateConstraint { get; init; }

    /// <summary>As configured; null = none.</summary>
    public string? Window { get; init; }

    /// <summary>The zone of the window.</summary>
    public string TimeZone { get; init; } = "UTC";

    /// <summary>A new run starts after a random part of this.</summary>
    public TimeSpan RandomDelay { get; init; } = TimeSpan.Zero;

    /// <summary>A new run starts after a part of this that is the same for this host every time.</summary>
    public TimeSpan StableDelay { get; init; } = TimeSpan.Zero;
}

/// <summary>What a run needs before it may touch the host.</summary>
public enum RebootStrategy
{
    /// <summary>The lock, always.</summary>
    Lock,

    /// <summary>The lock; without it only while the service has been unreachable for <see cref="LockSettings.UnreachableAfter"/>.</summary>
    BestEffort,

    /// <summary>No lock.</summary>
    Reboot,

    /// <summary>No new run starts; an open one is finished.</summary>
    Off,
}

/// <summary><c>[reboot]</c></summary>
public sealed record RebootSettings
{
    /// <summary>What a run needs before it may touch the host.</summary>
    public RebootStrategy Strategy { get; init; } = RebootStrategy.Lock;

    /// <summary>The reboot command, split into words; the first is looked up in the fixed PATH. Empty = what the host has.</summary>
    public ImmutableArray<string> Command { get; init; } = [];

    /// <summary>How long after the first request the host must have gone down.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long the boot checks of the host may take before post_update.</summary>
    public TimeSpan BootCompleteTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>True where nothing can be rebooted, as in a container's init step: nobody is asked whether a reboot is needed, and none is.</summary>
    public bool LeftOut { get; init; }
}

/// <summary>Where the log goes.</summary>
public enum LogTarget
{
    /// <summary>Journal under systemd, else stderr.</summary>
    Auto,

    /// <summary>stderr with the journal's level prefixes.</summary>
    Journal,

    /// <summary>stderr.</summary>
    Stderr,

    /// <summary>A file with daily rotation.</summary>
    File,
}

/// <summary>How much is logged.</summary>
public enum LogLevel
{
    /// <summary>Everything, decisions and skipped files included.</summary>
    Debug,

    /// <summary>What happens.</summary>
    Info,

    /// <summary>What an admin should look at.</summary>
    Warning,

    /// <summary>What stopped a run.</summary>
    Error,
}

/// <summary>The shape of a log line.</summary>
public enum LogFormat
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>One JSON object a line.</summary>
    Json,

    /// <summary>As foreman_dlm_updater and DLMEngineUpdater wrote it, for what reads their logs.</summary>
    Python,
}

/// <summary><c>[log]</c> and the old <c>[main] log logretention loglevel</c></summary>
public sealed record LogSettings
{
    /// <summary>Where to.</summary>
    public LogTarget Target { get; init; } = LogTarget.Auto;

    /// <summary>The file, absolute, for <see cref="LogTarget.File"/>.</summary>
    public string? File { get; init; }

    /// <summary>The lowest level that is logged.</summary>
    public LogLevel Level { get; init; } = LogLevel.Info;

    /// <summary>The shape of a line.</summary>
    public LogFormat Format { get; init; } = LogFormat.Text;

    /// <summary>How many rotated files are kept.</summary>
    public int RetentionDays { get; init; } = 7;

    /// <summary>How many bytes of the output of one script are logged on one day; null = all.</summary>
    public long? ScriptLimit { get; init; } = 64 << 20;

    /// <summary>From which size in bytes on the log file is rotated before its day is over; null = never.</summary>
    public long? FileLimit { get; init; } = 100 << 20;
}
