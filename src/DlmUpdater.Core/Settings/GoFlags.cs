namespace DlmUpdater.Core.Settings;

/// <summary>A command line as Go's <c>flag</c> package reads it: <c>-x</c> and <c>--x</c> are the same, a value follows or stands behind <c>=</c>, a
/// switch takes a value only behind <c>=</c>, and the first word that is no flag, or <c>--</c>, ends the flags.</summary>
public sealed class GoFlags
{
    /// <summary>What Go says if help is asked for.</summary>
    public const string HelpRequested = "flag: help requested";

    private readonly List<(string Name, string Value)> _given = [];

    private GoFlags()
    {
    }

    /// <summary>What follows the flags.</summary>
    public string[] Words { get; private set; } = [];

    /// <summary>True if <c>--</c> stands before the words: none of them is meant as a flag then.</summary>
    public bool IsEndMarked { get; private set; }

    /// <summary>What is wrong, or <see cref="HelpRequested"/>; null if all is well.</summary>
    public string? Error { get; private set; }

    /// <summary>Reads a command line; at the first error it stops, as Go does.</summary>
    /// <param name="args">The words.</param>
    /// <param name="texts">The flags that have a value.</param>
    /// <param name="switches">The flags that are true or false.</param>
    public static GoFlags Parse(IReadOnlyList<string> args, ReadOnlySpan<string> texts, ReadOnlySpan<string> switches)
    {
        var flags = new GoFlags();
        int at = 0;
        while (at < args.Count && flags.Error is null && IsFlag(args[at]))
        {
            string word = args[at++];
            if (word == "--")
            {
                flags.IsEndMarked = true;
                break;
            }

            flags.Error = flags.Take(word, args, ref at, texts, switches);
        }

        flags.Words = [.. args.Skip(at)];
        return flags;
    }

    /// <summary>True for a word that Go takes for a flag, or for the end of the flags.</summary>
    public static bool IsFlag(string word) => word is ['-', _, ..];

    /// <summary>True if the flag stands on the command line, with whatever value.</summary>
    public bool IsGiven(string name) => _given.Exists(one => one.Name == name);

    /// <summary>Every value of a flag, in order.</summary>
    public IEnumerable<string> All(string name) => _given.Where(one => one.Name == name).Select(one => one.Value);

    /// <summary>Takes a value from elsewhere, unless a switch cannot have it; false then.</summary>
    public bool TrySet(string name, string value, ReadOnlySpan<string> switches)
    {
        if (switches.Contains(name) && Bool(value) is null) return false;
        _given.Add((name, value));
        return true;
    }

    /// <summary>The last value of a switch; false if it is not given.</summary>
    public bool IsOn(string name) => All(name).LastOrDefault() is { } value && Bool(value) == true;

    private static bool? Bool(string text) => text switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        _ => null,
    };

    private string? Take(string word, IReadOnlyList<string> args, ref int at, ReadOnlySpan<string> texts, ReadOnlySpan<string> switches)
    {
        string text = word[(word[1] == '-' ? 2 : 1)..];
        if (text is "" or ['-' or '=', ..]) return "bad flag syntax: " + word;
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        (string name, string? value) = equals < 0 ? (text, null) : (text[..equals], text[(equals + 1)..]);
        if (switches.Contains(name))
        {
            if (!TrySet(name, value ?? "true", switches)) return $"invalid boolean value {GoText.Quote(value!)} for -{name}: parse error";
        }
        else if (!texts.Contains(name))
        {
            return name is "help" or "h" ? HelpRequested : "flag provided but not defined: -" + name;
        }
        else if (value is null && at == args.Count)
        {
            return "flag needs an argument: -" + name;
        }
        else
        {
            _given.Add((name, value ?? args[at++]));
        }

        return null;
    }
}
