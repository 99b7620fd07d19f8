using DlmUpdater.Core.Settings;

namespace DlmUpdater.Configuration;

/// <summary>How bad a complaint is.</summary>
internal enum Severity
{
    /// <summary>Said, and gone on.</summary>
    Warning,

    /// <summary>No new run starts (exit 78). A run that is open already continues with a warning, and the value means what it meant in 0.1.0, which
    /// accepted it: a host must come back after a run that has replaced the agent.</summary>
    NewRuns,

    /// <summary>The configuration is not used: exit 78.</summary>
    Error,
}

/// <summary>Something that is wrong with the configuration.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Text">One line: <c>path/config.ini:LINE: [section] key: what is wrong</c>.</param>
internal sealed record Complaint(Severity Severity, string Text);

/// <summary>What was made of the configuration.</summary>
/// <param name="Settings">The settings; null if any complaint is an error.</param>
/// <param name="Complaints">Every complaint, in the order of files and lines.</param>
/// <param name="Files">The files that were read, in the order in which they apply.</param>
internal sealed record LoadedConfiguration(UpdaterSettings? Settings, IReadOnlyList<Complaint> Complaints, IReadOnlyList<string> Files)
{
    /// <summary>For the log: which older tool's configuration is used, and why; null: it is this program's own.</summary>
    internal string? Notice { get; init; }

    /// <summary>Keys as our texts write them, <c>[lock] name</c>, and what the older tool's file in use calls them.</summary>
    internal IReadOnlyList<(string Ours, string Theirs)> Names { get; init; } = [];

    /// <summary><paramref name="text"/> with the names that the configuration in use has for its keys.</summary>
    internal string InItsWords(string text)
    {
        foreach ((string ours, string theirs) in Names)
        {
            for (int at = 0; (at = text.IndexOf(ours, at, StringComparison.Ordinal)) >= 0; at += theirs.Length)
            {
                int end = at + ours.Length;
                if (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '_' or '.')) at += ours.Length - theirs.Length;
                else text = text[..at] + theirs + text[end..];
            }
        }

        return text;
    }

    /// <summary>True if no new run may start with these settings: see <see cref="Severity.NewRuns"/>.</summary>
    internal bool StopsNewRuns => Complaints.Any(c => c.Severity == Severity.NewRuns);

    /// <summary>Where state and locks are kept, also of a configuration with errors; null if it does not show that.</summary>
    internal PathSettings? Paths { get; init; }
}

/// <summary>What one file says, in this program's terms.</summary>
/// <param name="Tool">Whose file it is.</param>
/// <param name="Values">Its values.</param>
/// <param name="Complaints">What cannot be taken from it as it stands.</param>
internal sealed record TranslatedConfiguration(Adopted.OldTool Tool, ConfiguredValues Values, IReadOnlyList<Complaint> Complaints)
{
    /// <summary>False for dlm_engine_cli, whose locks are named on its command line.</summary>
    internal bool NamesLock { get; init; } = true;
}

/// <summary>A value from the command line; it wins over files and environment.</summary>
/// <param name="Section">The section, as in the catalog.</param>
/// <param name="Key">The key, as in the catalog.</param>
/// <param name="Value">The value.</param>
/// <param name="Flag">The flag as it was written, for complaints: <c>--date_constraint</c>.</param>
internal sealed record ConfigurationOverride(string Section, string Key, string Value, string Flag);

/// <summary>What to load.</summary>
internal sealed record ConfigurationRequest
{
    /// <summary>The main file of an installed host.</summary>
    internal const string DefaultFile = "/etc/dlm-updater/config.ini";

    /// <summary>Where drop-ins of an installed host are, the least important first.</summary>
    internal static IReadOnlyList<string> DefaultDropInDirectories { get; } =
        ["/usr/lib/dlm-updater/config.d", "/etc/dlm-updater/config.d", "/run/dlm-updater/config.d"];

    /// <summary>The main file; relative ones are taken from <see cref="WorkingDirectory"/>.</summary>
    public string File { get; init; } = DefaultFile;

    /// <summary>The working directory, absolute.</summary>
    public string WorkingDirectory { get; init; } = "/";

    /// <summary>Where drop-ins are, the least important first; null = <see cref="DefaultDropInDirectories"/> for the default file, and only
    /// <c>config.d</c> beside any other file: a configuration under test must not mix with that of the host.</summary>
    public IReadOnlyList<string>? DropInDirectories { get; init; }

    /// <summary>Which file's absence makes the configuration of an older tool stand in.</summary>
    public string OwnFile { get; init; } = DefaultFile;

    /// <summary>Where the older tools keep theirs.</summary>
    public IReadOnlyList<string> OldFiles { get; init; } = Adopted.OldTools.Files;

    /// <summary>Where units of systemd are, the most important first: locksmithd's has settings too.</summary>
    public IReadOnlyList<string> UnitDirectories { get; init; } = Adopted.SystemdUnit.Directories;

    /// <summary>The environment; only <c>DLM_UPDATER__…</c> is looked at, and, for an older tool's configuration, that tool's own variables.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Values from the command line; a later one wins.</summary>
    public IReadOnlyList<ConfigurationOverride> Overrides { get; init; } = [];

    /// <summary>True for <c>check</c>: doubtful values are warned of, and names that an older tool's configuration has and nobody knows are not only warnings.</summary>
    public bool Strict { get; init; }

    /// <summary>False for a file that is only translated: nothing is run by it.</summary>
    public bool ChecksPlaces { get; init; } = true;

    /// <summary>False for an upgrade, which says itself whether it takes the lock: that no service is named is then no complaint.</summary>
    public bool NeedsService { get; init; } = true;

    /// <summary>False where the lock's name comes from elsewhere.</summary>
    public bool NeedsLockName { get; init; } = true;

    /// <summary>Which secret files are opened.</summary>
    public SecretUse Secrets { get; init; } = SecretUse.Lock;
}

/// <summary>What a verb needs secrets for.</summary>
internal enum SecretUse
{
    /// <summary>It never talks to the lock service: no secret file is opened.</summary>
    None,

    /// <summary>It shows the lock where it can: a secret that this user may not read is no complaint.</summary>
    IfReadable,

    /// <summary>It takes and gives back the lock as this host.</summary>
    Lock,

    /// <summary>It acts as an admin. A nightly run must not depend on an admin's password.</summary>
    Admin,
}
