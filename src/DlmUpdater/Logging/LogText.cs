using System.Globalization;
using System.Text;

namespace DlmUpdater.Logging;

/// <summary>Makes text of any origin fit for one line of a log: what a script prints must neither begin a new line nor steer the terminal
/// of whoever reads the log.</summary>
internal static class LogText
{
    /// <summary>The longest message, in characters. With every character escaped it still fits into one line of the journal (48 KiB):
    /// journald would begin a new entry in the middle, and that could carry a forged level.</summary>
    internal const int Longest = 7800;

    /// <summary>Removes colour codes (<c>ESC [ … m</c>), which mean nothing in a log, and the end of line.</summary>
    internal static string Plain(string text)
    {
        ReadOnlySpan<char> rest = text.AsSpan().TrimEnd("\r\n");
        if (!rest.Contains('\e')) return rest.Length == text.Length ? text : rest.ToString();

        var plain = new StringBuilder(rest.Length);
        for (int i = 0; i < rest.Length; i++)
        {
            int length = rest[i] == '\e' ? ColourCode(rest[i..]) : 0;
            if (length == 0) plain.Append(rest[i]);
            else i += length - 1;
        }

        return plain.ToString();
    }

    /// <summary>Cuts what is longer than <see cref="Longest"/>, and says how much is missing.</summary>
    internal static string Cut(string text) => text.Length <= Longest
        ? text
        : string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, Longest)}… ({text.Length - Longest} more characters)");

    private static int ColourCode(ReadOnlySpan<char> text)
    {
        if (text.Length < 3 || text[1] != '[') return 0;
        int i = 2;
        while (i < text.Length && (char.IsAsciiDigit(text[i]) || text[i] is ';' or ':')) i++;
        return i < text.Length && text[i] == 'm' ? i + 1 : 0;
    }
}
