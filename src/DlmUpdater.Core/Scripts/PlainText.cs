using System.Globalization;
using System.Text;

namespace DlmUpdater.Core.Scripts;

/// <summary>Makes text of any origin fit for one line of a terminal or a log. The one place that decides which characters may be shown: nothing
/// that is left can begin a line, move a cursor, reverse the direction of the text or hide in it.</summary>
public static class PlainText
{
    private const string LineEnd = " | ";

    /// <summary>True if <paramref name="rune"/> must not be shown as it is. A tab may be.</summary>
    public static bool IsUnfit(Rune rune)
    {
        if (rune.Value is >= ' ' and < 0x7f or '\t') return false;
        return Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator || IsInvisible(rune.Value);
    }

    /// <summary><paramref name="text"/> in one line: a line end becomes <c> | </c>, every other character that is unfit <c>\x1b</c>, <c>\u202e</c> or
    /// <c>\U000e0041</c>, half a surrogate pair U+FFFD.</summary>
    public static string Line(string text)
    {
        int first = FirstUnfit(text);
        if (first == text.Length) return text;

        var line = new StringBuilder(text.Length + 16).Append(text, 0, first);
        ReadOnlySpan<char> rest = text.AsSpan(first);
        while (!rest.IsEmpty)
        {
            // Of half a pair the replacement character is given.
            _ = Rune.DecodeFromUtf16(rest, out Rune rune, out int length);
            if (!IsUnfit(rune)) line.Append(rune.ToString());
            else if (rune.Value == '\r' && rest.Length > 1 && rest[1] == '\n') length = 1;
            else if (rune.Value is '\n' or '\r') line.Append(LineEnd);
            else line.Append(Escape(rune));
            rest = rest[length..];
        }

        return line.ToString();
    }

    /// <summary>As <see cref="Line(string)"/>, cut after <paramref name="most"/> characters.</summary>
    public static string Line(string text, int most)
    {
        string line = Line(text.Trim());
        if (line.Length <= most) return line;
        return string.Concat(line.AsSpan(0, char.IsHighSurrogate(line[most - 1]) ? most - 1 : most), "…");
    }

    /// <summary>Several lines that this program has laid out itself: as <see cref="Line(string)"/>, with the line ends kept.</summary>
    public static string Lines(string text) => string.Join('\n', text.Split('\n').Select(line => Line(line)));

    /// <summary>How an unfit character is shown.</summary>
    public static string Escape(Rune rune) => rune.Value switch
    {
        < 0x100 => string.Create(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
        < 0x10000 => string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}"),
    };

    /// <summary>What has no width and is of another category than the format characters: fillers, a joiner, inherent vowels, an empty pattern.</summary>
    private static bool IsInvisible(int value) => value is 0x034f or 0x115f or 0x1160 or 0x17b4 or 0x17b5 or 0x2800 or 0x3164 or 0xffa0 or (>= 0x180b and <= 0x180f);

    private static int FirstUnfit(string text)
    {
        int at = text.AsSpan().IndexOfAnyExceptInRange(' ', '~');
        for (int i = at < 0 ? text.Length : at; i < text.Length; i++)
        {
            if (!Rune.TryGetRuneAt(text, i, out Rune rune) || IsUnfit(rune)) return i;
            if (rune.Utf16SequenceLength == 2) i++;
        }

        return text.Length;
    }
}
