namespace DlmUpdater.Cli;

/// <summary>How bad a finding of <c>check</c> is.</summary>
internal enum FindingLevel
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Nobody can tell before a run does it.</summary>
    Unknown,

    /// <summary>A run works, but an admin should look at it.</summary>
    Warning,

    /// <summary>A run would fail, or do the wrong thing: exit 78.</summary>
    Error,
}

/// <summary>Something that <c>check</c> looked at.</summary>
/// <param name="Level">How bad it is.</param>
/// <param name="What">What was looked at: <c>state directory</c>.</param>
/// <param name="Why">What was found: one line.</param>
/// <param name="Fix">What to do; null for what is as it should be.</param>
internal sealed record Finding(FindingLevel Level, string What, string Why, string? Fix)
{
    /// <summary>As it should be.</summary>
    internal static Finding Ok(string what, string why) => new(FindingLevel.Ok, what, why, null);

    /// <summary>It cannot be asked.</summary>
    internal static Finding Unknown(string what, string why) => new(FindingLevel.Unknown, what, why, null);

    /// <summary>A run works, but.</summary>
    internal static Finding Warning(string what, string why, string fix) => new(FindingLevel.Warning, what, why, fix);

    /// <summary>A run would not work.</summary>
    internal static Finding Error(string what, string why, string fix) => new(FindingLevel.Error, what, why, fix);

    /// <summary>The level's name in reports.</summary>
    internal string LevelName => Level switch
    {
        FindingLevel.Error => "error",
        FindingLevel.Warning => "warning",
        FindingLevel.Unknown => "unknown",
        _ => "ok",
    };

    /// <summary><c>error|warning|unknown|ok  what: why: fix</c></summary>
    public override string ToString() => $"{LevelName,-7}  {What}: {Why}{(Fix is null ? "" : ": " + Fix)}";
}
