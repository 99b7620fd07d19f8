namespace DlmUpdater.Core.Scripts;

/// <summary>One found and trusted script.</summary>
/// <param name="Stage">The directory it was found in.</param>
/// <param name="Name">Its file name; unique in its stage (a user's script carries <c>user/</c> in front).</param>
/// <param name="Path">Its absolute path, the one that was checked and the one that is run.</param>
/// <param name="Header">What it says of itself in <c># dlm:</c> lines.</param>
/// <param name="Timeout">How long it may run; null = no end. Header, else configuration, else the stage's default.</param>
/// <param name="User">The user it runs as; null = the user of this process.</param>
public sealed record Script(ScriptStage Stage, string Name, string Path, ScriptHeader Header, TimeSpan? Timeout, string? User);

/// <summary>A script that will not be run, and every reason why.</summary>
/// <param name="Path">Absolute path of what was refused.</param>
/// <param name="Reasons">Each a sentence part such as <c>/etc is writable by its group (mode 0775)</c>.</param>
public sealed record Refusal(string Path, IReadOnlyList<string> Reasons);

/// <summary>What one stage's directory holds.</summary>
public sealed record ScriptSet
{
    /// <summary>The stage.</summary>
    public required ScriptStage Stage { get; init; }

    /// <summary>Absolute path of the directory.</summary>
    public required string Directory { get; init; }

    /// <summary>The scripts, in the order they run.</summary>
    public IReadOnlyList<Script> Scripts { get; init; } = [];

    /// <summary>The scripts that are refused. Not empty: the stage must not run.</summary>
    public IReadOnlyList<Refusal> Refused { get; init; } = [];

    /// <summary>Names that were passed over, with the reason, for the debug log and for <c>plan</c>.</summary>
    public IReadOnlyList<string> Skipped { get; init; } = [];

    /// <summary>What an admin should know though the stage runs, such as refused scripts under <c>untrusted = skip</c>.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Why the directory cannot be used at all (missing, not a directory, not readable); null if it can.</summary>
    public string? Unusable { get; init; }

    /// <summary>True if the directory does not exist and need not.</summary>
    public bool Absent { get; init; }
}
