namespace DlmUpdater.Core.Scripts;

/// <summary>Which names in a stage's directory are scripts, and in which order they run.</summary>
public static class ScriptOrder
{
    private static readonly string[] Endings =
        ["~", ".bak", ".swp", ".orig", ".rej", ".rpmsave", ".rpmnew", ".rpmorig", ".pyc", ".pyo"];

    private static readonly string[] Infixes = [".dpkg-", ".ucf-"];

    /// <summary>Why a file of this name is passed over, or null if it is a script. The list holds what editors, package managers and
    /// Python leave behind; any other ending is a script, because a script that is silently not run is the worse mistake.</summary>
    public static string? SkipReason(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.StartsWith('.'))
            return "hidden";
        if (name.StartsWith("README", StringComparison.Ordinal))
            return "a README";
        foreach (string ending in Endings)
        {
            if (name.EndsWith(ending, StringComparison.Ordinal))
                return $"ends in {ending}";
        }

        foreach (string infix in Infixes)
        {
            if (name.Contains(infix, StringComparison.Ordinal))
                return $"a left-over of a package ({infix[1..]}*)";
        }

        return null;
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
