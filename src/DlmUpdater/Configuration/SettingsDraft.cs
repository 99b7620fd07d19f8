using System.Collections.Immutable;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Configuration;

/// <summary>The values that were read so far: what the catalog's rows write into and the assembler makes settings of.</summary>
internal sealed class SettingsDraft
{
    internal PathSettings Paths { get; set; } = new();

    internal string? StateFile { get; set; }

    internal string? InstanceLock { get; set; }

    internal bool ExcusesUnknown { get; set; }

    internal LockServiceKind? Service { get; set; }

    internal LockSettings Lock { get; set; } = new();

    internal FileLockSettings File { get; set; } = new();

    internal ServiceDraft Foreman { get; } = new();

    internal ServiceDraft DlmEngine { get; } = new();

    internal ServiceDraft Etcd { get; } = new();

    internal ServiceDraft FleetLock { get; } = new();

    internal string ScriptDirectory { get; set; } = "/etc/dlm-updater";

    /// <summary>Directories that are set one by one, by stage; null = not set.</summary>
    internal string?[] Directories { get; } = new string?[ScriptStages.All.Count];

    /// <summary><c>[scripts] timeout</c>: set, and to what (null = no end).</summary>
    internal (bool IsSet, TimeSpan? Limit) Timeout { get; set; }

    /// <summary>Timeouts that are set one by one, by stage: whether, and to what (null = no end).</summary>
    internal (bool IsSet, TimeSpan? Limit)[] Timeouts { get; } = new (bool IsSet, TimeSpan? Limit)[ScriptStages.All.Count];

    internal ScriptSettings Scripts { get; set; } = new();

    internal ScheduleSettings Schedule { get; set; } = new();

    internal RebootSettings Reboot { get; set; } = new();

    internal LogSettings Log { get; set; } = new();

    internal UpgradeSettings Upgrade { get; set; } = new();

    /// <summary>Of one <c>[band NAME]</c> section, which is read into a draft of its own.</summary>
    internal BandDraft Band { get; } = new();

    internal ImmutableArray<string> NotifyCommand { get; set; } = [];

    /// <summary><c>[log] target</c>; null if not set.</summary>
    internal LogTarget? LogTarget { get; set; }
}

/// <summary>The values of one lock service's section; each service uses some of them.</summary>
internal sealed class ServiceDraft
{
    internal string? Url { get; set; }

    internal ImmutableArray<string> Endpoints { get; set; } = [];

    internal int? Api { get; set; }

    internal EtcdLayout? Layout { get; set; }

    internal string? Group { get; set; }

    internal string? Id { get; set; }

    internal int Slots { get; set; } = 1;

    /// <summary>A path, or <c>puppet</c> or <c>rhsm</c>.</summary>
    internal string? Certificate { get; set; }

    internal string? Key { get; set; }

    internal string? Ca { get; set; }

    internal string? Proxy { get; set; }

    internal string? User { get; set; }

    /// <summary>A secret that stands in the configuration itself.</summary>
    internal string? Secret { get; set; }

    /// <summary>The path of a file that holds the secret.</summary>
    internal string? SecretFile { get; set; }
}
