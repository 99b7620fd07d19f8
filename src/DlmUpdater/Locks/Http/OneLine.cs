using System.Text;

namespace DlmUpdater.Locks.Http;

/// <summary>Makes what a server or a library said fit into one line of a log.</summary>
internal static class OneLine
{
    private const int Longest = 200;

    /// <summary>Without control characters and line ends, cut at 200 characters.</summary>
    internal static string Of(string text)
    {
        var line = new StringBuilder(Math.Min(text.Length, Longest + 1));
        foreach (Rune rune in text.Trim().EnumerateRunes())
        {
            if (line.Length >= Longest) return line.Append('…').ToString();
            _ = Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Format
                or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator
                ? line.Append(' ') : line.Append(rune.ToString());
        }

        return line.ToString();
    }
}
