namespace DlmUpdater.Core.Scripts;

/// <summary>What a script says of itself in <c># dlm: name=… timeout=10m run=once|always user=… probe=yes description=…</c> comment lines near its top.</summary>
/// <param name="Name">A name for people; null = the file name.</param>
/// <param name="Timeout">How long it may run; zero = no end, null = the configured timeout.</param>
/// <param name="RunOnce">True for <c>run=once</c>: recorded after exit 0 and never run again.</param>
/// <param name="User">The user it runs as; null = the user of this process.</param>
/// <param name="Description">One line for <c>plan</c>.</param>
public sealed record ScriptHeader(string? Name = null, TimeSpan? Timeout = null, bool RunOnce = false, string? User = null, string? Description = null)
{
    /// <summary>True for <c>probe=yes</c>: <c>check</c> asks the script with <c>--probe</c> whether it will have an answer.</summary>
    public bool HasProbe { get; init; }

    /// <summary>How many lines from the top are looked at.</summary>
    public const int MostLines = 40;

    /// <summary>How many bytes from the top are looked at.</summary>
    public const int MostBytes = 8 * 1024;

    /// <summary>A script that says nothing.</summary>
    public static ScriptHeader None { get; } = new();

    /// <summary>Reads the header out of a script's first lines. What cannot be read is a complaint, never a guess: a mistyped
    /// timeout must not become none.</summary>
    public static ParsedHeader Parse(IEnumerable<string> firstLines)
    {
        ArgumentNullException.ThrowIfNull(firstLines);
        var parser = new ScriptHeaderParser();
        int number = 0;
        foreach (string line in firstLines)
        {
            if (++number > MostLines)
                break;
            parser.Line(line, number);
        }

        return parser.Result();
    }
}

/// <summary>A header as read, and what is wrong with it.</summary>
/// <param name="Header">What could be read.</param>
/// <param name="Complaints">Not empty: the script must be refused. Each a sentence part such as <c>line 2: unknown key "tiemout"</c>.</param>
public sealed record ParsedHeader(ScriptHeader Header, IReadOnlyList<string> Complaints);
