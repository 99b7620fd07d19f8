using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Configuration;

internal static partial class SettingsCatalog
{
    private const string CaText = "PEM file of the CAs to trust; system: those that the system trusts.";
    private const string ProxyText = "Proxy to go through; no proxy is taken from the environment.";

    // Keys with a second spelling, or that checks over several keys point at.
    internal static readonly SettingKey Name = SettingKey.Of("lock", "name", "", ValueForms.LockName,
        "The lock's name at Foreman, DLMEngine and the file service.", (d, v) => d.Lock = d.Lock with { Name = v });

    internal static readonly SettingKey Service = SettingKey.Of("lock", "service", "", ValueForms.Choice(
            ("file", LockServiceKind.File), ("foreman", LockServiceKind.Foreman), ("dlmengine", LockServiceKind.DlmEngine),
            ("etcd", LockServiceKind.Etcd), ("fleetlock", LockServiceKind.FleetLock)),
        "The lock service; foreman if its url is set, else it must be named.", (d, v) => d.Service = v);

    internal static readonly SettingKey Holder = SettingKey.Of("lock", "holder", "", ValueForms.Word,
        "This host's name at the service; not set: machine id or FQDN, as the service wants.",
        (d, v) => d.Lock = d.Lock with { Holder = v });

    internal static readonly SettingKey ForemanUrl = SettingKey.Of("foreman", "url", "", ValueForms.Url,
        "Where Foreman answers.", (d, v) => d.Foreman.Url = v);

    internal static readonly SettingKey ForemanCertificate = SettingKey.Of("foreman", "client_crt", "", ValueForms.HostCertificate,
        "The host's certificate (PEM); puppet or rhsm finds the host's own.", (d, v) => d.Foreman.Certificate = v);

    internal static readonly SettingKey ForemanKey = SettingKey.Of("foreman", "client_key", "", ValueForms.Path,
        "The key of the certificate (PEM; RSA or ECDSA, without a passphrase).", (d, v) => d.Foreman.Key = v);

    internal static readonly SettingKey ForemanCa = SettingKey.Of("foreman", "ca", "system", ValueForms.Ca, CaText, (d, v) => d.Foreman.Ca = v);

    internal static readonly SettingKey ForemanUser = SettingKey.Of("foreman", "username", "", ValueForms.Word,
        "A Foreman user, for the admin verbs only.", (d, v) => d.Foreman.User = v);

    internal static readonly SettingKey ForemanPasswordFile = SettingKey.Of("foreman", "password_file", "", ValueForms.Path,
        "File with that user's password.", (d, v) => d.Foreman.SecretFile = v);

    internal static readonly SettingKey DlmEngineUrl = SettingKey.Of("dlmengine", "url", "", ValueForms.Url,
        "Where DLMEngine answers: the part before /api.", (d, v) => d.DlmEngine.Url = v);

    internal static readonly SettingKey DlmEngineSecretId = SettingKey.Of("dlmengine", "secret_id", "", ValueForms.Word,
        "The id of the credential.", (d, v) => d.DlmEngine.Id = v);

    internal static readonly SettingKey DlmEngineSecret = SettingKey.Of("dlmengine", "secret", "", ValueForms.Text,
        "The secret of the credential; better in a file of its own.", (d, v) => d.DlmEngine.Secret = v, isSecret: true);

    internal static readonly SettingKey DlmEngineSecretFile = SettingKey.Of("dlmengine", "secret_file", "", ValueForms.Path,
        "File with the secret of the credential.", (d, v) => d.DlmEngine.SecretFile = v);

    internal static readonly SettingKey EtcdEndpoints = SettingKey.Of("etcd", "endpoints", "", ValueForms.Urls,
        "The members' client URLs.", (d, v) => d.Etcd.Endpoints = v);

    internal static readonly SettingKey EtcdLayoutKey = SettingKey.Of("etcd", "layout", "",
        ValueForms.Choice(("airlock", EtcdLayout.Airlock), ("locksmith", EtcdLayout.Locksmith)),
        "Whose semaphore it is: airlock with api v3, locksmith with api v2.", (d, v) => d.Etcd.Layout = v);

    internal static readonly SettingKey EtcdCertificate = SettingKey.Of("etcd", "client_crt", "", ValueForms.Path,
        "The host's certificate (PEM).", (d, v) => d.Etcd.Certificate = v);

    internal static readonly SettingKey EtcdKey = SettingKey.Of("etcd", "client_key", "", ValueForms.Path,
        "The key of the certificate (PEM; RSA or ECDSA, without a passphrase).", (d, v) => d.Etcd.Key = v);

    internal static readonly SettingKey EtcdUser = SettingKey.Of("etcd", "username", "", ValueForms.Word, "The user of etcd.",
        (d, v) => d.Etcd.User = v);

    internal static readonly SettingKey EtcdPassword = SettingKey.Of("etcd", "password", "", ValueForms.Text,
        "That user's password; better in a file of its own.", (d, v) => d.Etcd.Secret = v, isSecret: true);

    internal static readonly SettingKey EtcdPasswordFile = SettingKey.Of("etcd", "password_file", "", ValueForms.Path,
        "File with that user's password.", (d, v) => d.Etcd.SecretFile = v);

    internal static readonly SettingKey FleetLockUrl = SettingKey.Of("fleetlock", "url", "", ValueForms.Url,
        "The base URL of the FleetLock server.", (d, v) => d.FleetLock.Url = v);

    internal static readonly SettingKey LogFile = SettingKey.Of("main", "log", "", ValueForms.Path,
        "The log file; set, it is where the log goes unless [log] target says otherwise.", (d, v) => d.Log = d.Log with { File = v });

    internal static readonly SettingKey LogTargetKey = SettingKey.Of("log", "target", "auto",
        ValueForms.Choice(("auto", LogTarget.Auto), ("journal", LogTarget.Journal), ("stderr", LogTarget.Stderr), ("file", LogTarget.File)),
        "Where the log goes; auto: the file of [main] log if set, else the journal under systemd, else stderr.", (d, v) => d.LogTarget = v, mayBeEmpty: true);

    internal static readonly SettingKey TimeZone = SettingKey.Of("schedule", "time_zone", "UTC", ValueForms.TimeZone,
        "The time zone of the window; local: the host's own.", (d, v) => d.Schedule = d.Schedule with { TimeZone = v });

    internal static readonly SettingKey Window = SettingKey.Of("schedule", "window", "always", ValueForms.Window,
        "When new runs may start, and until when they wait for the lock.", (d, v) => d.Schedule = d.Schedule with { Window = v });

    private static readonly SettingKey LogLevelKey = SettingKey.Of("log", "level", "info",
        ValueForms.Choice(("debug", LogLevel.Debug), ("info", LogLevel.Info), ("warning", LogLevel.Warning), ("error", LogLevel.Error),
            ("critical", LogLevel.Error), ("warn", LogLevel.Warning), ("fatal", LogLevel.Error)),
        "The lowest level that is logged.", (d, v) => d.Log = d.Log with { Level = v }, mayBeEmpty: true);

    private static readonly SettingKey LogRetention = SettingKey.Of("log", "retention", "7", ValueForms.Number(1, 3650),
        "How many rotated log files are kept.", (d, v) => d.Log = d.Log with { RetentionDays = v }, mayBeEmpty: true);

    private static readonly SettingKey RebootCommand = SettingKey.Of("reboot", "command", "", ValueForms.Command,
        "What reboots the host if reboot.d holds no script; not set: what the host has.",
        (d, v) => d.Reboot = d.Reboot with { Command = v });

    private static readonly SettingKey[] Rows =
    [
        SettingKey.Of("main", "state_dir", "/var/lib/dlm-updater", ValueForms.Path,
            "Directory of state, history and upgrade-history.", (d, v) => d.Paths = d.Paths with { StateDirectory = v }),
        SettingKey.Of("main", "state", "", ValueForms.Path, "The state file; not set: state in the state_dir.", (d, v) => d.StateFile = v),
        SettingKey.Of("main", "run_dir", "/run/dlm-updater", ValueForms.Path,
            "Directory of files that live as long as a boot.", (d, v) => d.Paths = d.Paths with { RunDirectory = v }),
        SettingKey.Of("main", "lock", "", ValueForms.Path,
            "The file that keeps a second instance away; not set: instance.lock in the run_dir.", (d, v) => d.InstanceLock = v),
        LogFile,
        SettingKey.Of("main", "unknown_keys", "error", ValueForms.Choice(("error", false), ("warn", true)),
            "What a section, key or variable is that does not exist: an error, with which no new run starts, or a warning.",
            (d, v) => d.ExcusesUnknown = v, mayBeEmpty: true),
        SettingKey.Alias("main", "logretention", LogRetention),
        SettingKey.Alias("main", "loglevel", LogLevelKey),
        SettingKey.Alias("main", "lock_name", Name),
        SettingKey.Alias("main", "foreman_url", ForemanUrl),
        SettingKey.Alias("main", "client_crt", ForemanCertificate),
        SettingKey.Alias("main", "client_key", ForemanKey),
        SettingKey.Alias("main", "ca", ForemanCa),
        .. ScriptStages.All.Select(Directory),
        SettingKey.Alias("main", "reboot_cmd", RebootCommand),

        Service,
        Name,
        Holder,
        SettingKey.Of("lock", "wait", "true", ValueForms.YesNo,
            "Wait for a busy lock; false: ask once, and ask a service that does not answer again for at most 10s in all.",
            (d, v) => d.Lock = d.Lock with { Wait = v }, mayBeEmpty: true),
        SettingKey.Of("lock", "wait_max", "", ValueForms.Duration,
            "How long one wait for the lock, its proof or its release lasts at most; not set: until the window closes, 4h without a window; 0: no end.",
            (d, v) => d.Lock = d.Lock with { WaitMax = v }),
        SettingKey.Of("lock", "unreachable_max", "30m", ValueForms.PositiveDuration,
            "How long a lock service that gives no usable answer is asked again at most, within wait_max; then the exit status is 69.",
            (d, v) => d.Lock = d.Lock with { UnreachableMax = v }),
        SettingKey.Of("lock", "retry_interval", "60s", ValueForms.PositiveDuration,
            "The mean pause between two polls of a busy lock.", (d, v) => d.Lock = d.Lock with { RetryInterval = v }, mayBeEmpty: true),
        SettingKey.Of("lock", "confirm_after", "2s", ValueForms.Duration,
            "Foreman: how long after the grant it is confirmed again, at least; four times the slowest answer of Foreman, if that is longer; 0: only at once.",
            (d, v) => d.Lock = d.Lock with { ConfirmAfter = v }),
        SettingKey.Of("lock", "unreachable_after", "10m", ValueForms.Duration,
            "Strategy best-effort: how long the service must be unreachable before a run goes on without the lock.",
            (d, v) => d.Lock = d.Lock with { UnreachableAfter = v }),

        ForemanUrl,
        ForemanCertificate,
        ForemanKey,
        ForemanCa,
        SettingKey.Of("foreman", "proxy", "none", ValueForms.Proxy, ProxyText, (d, v) => d.Foreman.Proxy = v),
        ForemanUser,
        ForemanPasswordFile,

        DlmEngineUrl,
        SettingKey.Of("dlmengine", "api", "v2", ValueForms.Choice(("v2", 2), ("v1", 1)), "The version of its API.",
            (d, v) => d.DlmEngine.Api = v),
        DlmEngineSecretId,
        DlmEngineSecret,
        DlmEngineSecretFile,
        SettingKey.Of("dlmengine", "ca", "system", ValueForms.Ca, CaText, (d, v) => d.DlmEngine.Ca = v),
        SettingKey.Of("dlmengine", "proxy", "none", ValueForms.Proxy, ProxyText, (d, v) => d.DlmEngine.Proxy = v),

        EtcdEndpoints,
        SettingKey.Of("etcd", "api", "v3", ValueForms.Choice(("v3", 3), ("v2", 2)), "The version of etcd's API.", (d, v) => d.Etcd.Api = v),
        EtcdLayoutKey,
        SettingKey.Of("etcd", "group", "", ValueForms.EtcdGroupName,
            "The group; not set: default for airlock, none for locksmith.", (d, v) => d.Etcd.Group = v),
        SettingKey.Of("etcd", "slots", "1", ValueForms.Number(1, 100_000),
            "How many may hold the lock at once, where this host is the first to make the semaphore.", (d, v) => d.Etcd.Slots = v, mayBeEmpty: true),
        SettingKey.Of("etcd", "ca", "system", ValueForms.Ca, CaText, (d, v) => d.Etcd.Ca = v),
        EtcdCertificate,
        EtcdKey,
        EtcdUser,
        EtcdPassword,
        EtcdPasswordFile,

        FleetLockUrl,
        SettingKey.Of("fleetlock", "group", "default", ValueForms.FleetLockGroup, "The group, which is the lock.",
            (d, v) => d.FleetLock.Group = v),
        SettingKey.Of("fleetlock", "id", "", ValueForms.Word, "This host's id; not set: the app-specific machine id.",
            (d, v) => d.FleetLock.Id = v),
        SettingKey.Of("fleetlock", "ca", "system", ValueForms.Ca, CaText, (d, v) => d.FleetLock.Ca = v),
        SettingKey.Of("fleetlock", "proxy", "none", ValueForms.Proxy, ProxyText, (d, v) => d.FleetLock.Proxy = v),

        SettingKey.Of("file", "directory", "/var/lib/dlm-updater/locks", ValueForms.Path,
            "Directory of the lock files, on a local disk or a shared volume.", (d, v) => d.File = d.File with { Directory = v }),
        SettingKey.Of("file", "slots", "1", ValueForms.Number(1, 100_000),
            "How many may hold a lock at once.", (d, v) => d.File = d.File with { Slots = v }, mayBeEmpty: true),

        SettingKey.Of("scripts", "directory", "/etc/dlm-updater", ValueForms.Path,
            "Where the *.d directories are that are not set one by one.", (d, v) => d.ScriptDirectory = v),
        SettingKey.Of("scripts", "timeout", "", ValueForms.Timeout,
            "How long a script of any stage may run; not set: as the stage's own.", (d, v) => d.Timeout = (true, v)),
        .. ScriptStages.All.Select(StageTimeout),
        SettingKey.Of("scripts", "checks", "answers",
            ValueForms.Choice(("answers", CheckRule.Answers), ("any-nonzero", CheckRule.AnyNonZero)),
            "How exit codes of checks are read; any-nonzero: everything but 0 is yes, also a crash.",
            (d, v) => d.Scripts = d.Scripts with { Checks = v }, mayBeEmpty: true),
        SettingKey.Of("scripts", "untrusted", "fail", ValueForms.Choice(("fail", UntrustedRule.Fail), ("skip", UntrustedRule.Skip)),
            "What happens with a script that others than root could change.", (d, v) => d.Scripts = d.Scripts with { Untrusted = v }, mayBeEmpty: true),
        SettingKey.Of("scripts", "missing", "fail", ValueForms.Choice(("fail", MissingRule.Fail), ("empty", MissingRule.Empty)),
            "What a main directory means that does not exist.", (d, v) => d.Scripts = d.Scripts with { Missing = v }, mayBeEmpty: true),
        SettingKey.Of("scripts", "user_script_users", "", ValueForms.Users,
            "Users whose own pre_update and post_update scripts run too, as them.",
            (d, v) => d.Scripts = d.Scripts with { UserScriptUsers = v }),

        SettingKey.Of("scripts", "hooks", "/usr/share/dlm-updater/hooks", ValueForms.Path,
            "Where the ready hooks are that 'dlm-updater hooks' links.", (d, v) => d.Scripts = d.Scripts with { Hooks = v }),

        SettingKey.Of("schedule", "date_constraint", "always", ValueForms.DateConstraint,
            "Days of the month on which new runs may start.", (d, v) => d.Schedule = d.Schedule with { DateConstraint = v }),
        Window,
        TimeZone,
        SettingKey.Of("schedule", "random_delay", "0", ValueForms.Duration,
            "A new run starts after a random part of this.", (d, v) => d.Schedule = d.Schedule with { RandomDelay = v }),
        SettingKey.Of("schedule", "stable_delay", "0", ValueForms.Duration,
            "A new run starts after a part of this that is the same for this host every time.",
            (d, v) => d.Schedule = d.Schedule with { StableDelay = v }),

        SettingKey.Of("reboot", "strategy", "lock",
            ValueForms.Choice(("lock", RebootStrategy.Lock), ("best-effort", RebootStrategy.BestEffort),
                ("reboot", RebootStrategy.Reboot), ("off", RebootStrategy.Off)).WithOldWord("etcd-lock", "lock"),
            "What a run needs before it may touch the host.", (d, v) => d.Reboot = d.Reboot with { Strategy = v }),
        RebootCommand,
        SettingKey.Of("reboot", "timeout", "15m", ValueForms.PositiveDuration,
            "How long after the first request the host must have gone down.", (d, v) => d.Reboot = d.Reboot with { Timeout = v }),
        SettingKey.Of("reboot", "boot_complete_timeout", "10m", ValueForms.PositiveDuration,
            "How long the host's boot checks (boot-complete.target) may take after the reboot before the run stops with 82.",
            (d, v) => d.Reboot = d.Reboot with { BootCompleteTimeout = v }),

        LogTargetKey,
        LogLevelKey,
        SettingKey.Of("log", "format", "text", ValueForms.Choice(("text", LogFormat.Text), ("json", LogFormat.Json), ("python", LogFormat.Python)),
            "The shape of a log line; python: as foreman_dlm_updater and DLMEngineUpdater wrote it.", (d, v) => d.Log = d.Log with { Format = v }, mayBeEmpty: true),
        LogRetention,
        SettingKey.Of("log", "script_limit", "64M", ValueForms.Size,
            "How much of the output of one script one start logs on one day; the log says when it is reached and how much is missing.",
            (d, v) => d.Log = d.Log with { ScriptLimit = v }, mayBeEmpty: true),
        SettingKey.Of("log", "file_limit", "100M", ValueForms.Size,
            "The size at which the log file is rotated before its day is over.", (d, v) => d.Log = d.Log with { FileLimit = v }, mayBeEmpty: true),

        SettingKey.Of("notify", "command", "", ValueForms.Command,
            "A command that gets every line of the log and every event of a run on its standard input, one JSON object a line.",
            (d, v) => d.NotifyCommand = v),

        SettingKey.Of("upgrade", "directory", "/etc/dlm-updater/upgrade", ValueForms.Path,
            "Holds default (scripts that run every time), upgrade (scripts that run once) and the directories beside the bands.",
            (d, v) => d.Upgrade = d.Upgrade with { Directory = v.TrimEnd('/') }),
        SettingKey.Of("upgrade", "history", "", ValueForms.Path,
            "Where scripts that run once are recorded; not set: upgrade-history in state_dir. A plain list as katello-upgrade kept it is read and gone on with.",
            (d, v) => d.Upgrade = d.Upgrade with { HistoryFile = v }),
        SettingKey.Of("upgrade", "header", "required", ValueForms.Choice(("required", true), ("optional", false)),
            "Whether a script of an upgrade must say in a header what it does.", (d, v) => d.Upgrade = d.Upgrade with { RequiresHeader = v }, mayBeEmpty: true),
        SettingKey.Of("upgrade", "lock", "true", ValueForms.YesNo,
            "An upgrade by hand takes the lock for its time; inside of a run the run has it.", (d, v) => d.Upgrade = d.Upgrade with { TakesLock = v }, mayBeEmpty: true),
        SettingKey.Of("upgrade", "deployment", "", ValueForms.Word,
            "Which deployment this host is, for scripts whose header names some; not set: all are meant.",
            (d, v) => d.Upgrade = d.Upgrade with { Deployment = v }),

        SettingKey.NotYet("metrics", "textfile", "File with metrics for node_exporter.",
            "metrics are not in this version: remove the key"),
    ];

    private static SettingKey Directory(ScriptStage stage) =>
        SettingKey.Of("main", stage.DirectoryName(), "/etc/dlm-updater/" + stage.DirectoryName(), ValueForms.Path,
            "Directory of the scripts of this stage.", (d, v) => d.Directories[(int)stage] = v);

    private static SettingKey StageTimeout(ScriptStage stage) =>
        SettingKey.Of("scripts", "timeout_" + stage.Name(),
            ScriptSettings.DefaultTimeouts[stage] is TimeSpan limit ? Duration.Format(limit) : "none", ValueForms.Timeout,
            "How long a script of this stage may run.", (d, v) => d.Timeouts[(int)stage] = (true, v));
}
