namespace DlmUpdater.Core.Scripts;

/// <summary>Which names in a stage's directory are scripts, and in which order they run.</summary>
public static class ScriptOrder
{
    private const string Switch = "switched off by its ending", Editor = "left behind by an editor", Package = "left behind by a package manager";

    /// <summary>The names that are passed over, as a shell would write them, in the order of the manual, and what they are. The list has what people switch
    /// scripts off with, and what editors, package managers and Python leave behind. Any other name is that of a script, because a script that is
    /// silently not run is the worse mistake: a file that is not meant to run, such as an example, is not executable, and is refused by name.</summary>
    public static IReadOnlyList<(string Pattern, string What)> PassedOver { get; } =
    [
        (".*", "hidden"), ("README*", "a README"), ("*.disabled", Switch), ("*.off", Switch), ("*.old", Switch),
        ("*~", Editor), ("#*#", Editor), ("*.bak", Editor), ("*.save", Editor), ("*.swp", Editor), ("*.orig", Editor), ("*.rej", Editor),
        ("*,v", "left behind by RCS"), ("*.cfsaved", "left behind by CFEngine"),
        ("*.rpmsave", Package), ("*.rpmnew", Package), ("*.rpmorig", Package), ("*.dpkg-*", Package), ("*.ucf-*", Package),
        ("*.pyc", "compiled by Python"), ("*.pyo", "compiled by Python"),
    ];

    /// <summary>Why a file of this name is passed over, or null if it is a script.</summary>
    public static string? SkipReason(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        foreach ((string pattern, string what) in PassedOver)
        {
            if (Matches(name, pattern)) return $"{what} ({pattern})";
        }

        return null;
    }

    /// <summary>Each star is any text, also none.</summary>
    private static bool Matches(ReadOnlySpan<char> name, ReadOnlySpan<char> pattern)
    {
        int star = pattern.IndexOf('*');
        if (star < 0) return name.SequenceEqual(pattern);
        if (!name.StartsWith(pattern[..star])) return false;
        for (int at = star; at <= name.Length; at++)
        {
            if (Matches(name[at..], pattern[(star + 1)..])) return true;
        }

        return false;
    }

    /// <summary>Compares two names by the bytes of their UTF-8 form, as <c>LC_ALL=C ls</c> does: the same order on every host.</summary>
    public static int Compare(string left, string right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        int shared = Math.Min(left.Length, right.Length);
        for (int i = 0; i < shared; i++)
        {
            char a = left[i], b = right[i];
            if (a == b)
                continue;

            // UTF-16 puts surrogates (characters from U+10000) below U+E000; UTF-8 puts them above.
            bool highA = char.IsSurrogate(a), highB = char.IsSurrogate(b);
            return highA == highB ? a.CompareTo(b) : highA ? 1 : -1;
        }

        return left.Length.CompareTo(right.Length);
    }
}
