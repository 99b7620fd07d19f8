using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace DlmUpdater.Configuration.Adopted;

/// <summary>An assignment of a unit file.</summary>
/// <param name="Section">Its section.</param>
/// <param name="Key">The key, whose case matters.</param>
/// <param name="Value">The value, its lines joined; empty resets a list.</param>
/// <param name="Place">Where it begins.</param>
internal readonly record struct UnitAssignment(string Section, string Key, string Value, Place Place);

/// <summary>Unit files as systemd reads them: systemd.syntax(7), and the words of systemd.service(5). No complaint repeats a value: it may be a secret.</summary>
internal static class SystemdSyntax
{
    /// <summary>The assignments of a file in their order. What systemd ignores is warned of; what ends its reading of the file is an error.</summary>
    internal static List<UnitAssignment> Assignments(byte[] content, Place file, Findings findings)
    {
        var found = new List<UnitAssignment>();
        if (!Utf8.IsValid(content))
        {
            findings.AddUnread(file, "is not valid UTF-8: save the file as UTF-8");
            return found;
        }

        string[] lines = Encoding.UTF8.GetString(content).TrimStart('\uFEFF').ReplaceLineEndings("\n").Split('\n');
        string section = "";
        for (int i = 0; i < lines.Length; i++)
        {
            Place at = file with { Line = i + 1 };
            string line = Joined(lines, ref i).Trim(' ', '\t');
            if (line.Length == 0) continue;
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (line[0] == '[')
            {
                section = line[1..^1];
                if (line[^1] == ']') continue;
                findings.AddUnread(at, "the section does not end with ]: systemd reads no further in this file");
                return found;
            }

            if (equals < 0) findings.Add(Severity.Warning, at, "the line is not KEY=VALUE, and systemd ignores it");
            else found.Add(new UnitAssignment(section, line[..equals].TrimEnd(' ', '\t'), line[(equals + 1)..].TrimStart(' ', '\t'), at));
        }

        return found;
    }

    /// <summary>Splits a value at blanks. <c>'…'</c> and <c>"…"</c> keep blanks, also inside of a word, and C escapes are resolved in both. Null, and why, for what
    /// systemd refuses.</summary>
    internal static List<string>? Words(string value, out string why)
    {
        var words = new List<string>();
        StringBuilder? word = null;
        char quote = '\0';
        why = "";
        for (int i = 0; i < value.Length; i++)
        {
            char c = value[i];
            if (c == '\\')
            {
                i++;
                if (Escaped(value, ref i) is not { } text)
                {
                    why = "has an escape that systemd does not know";
                    return null;
                }

                (word ??= new()).Append(text);
            }
            else if (quote != '\0' ? c == quote : c is '\'' or '"')
            {
                quote = quote == '\0' ? c : '\0';
                word ??= new();
            }
            else if (quote == '\0' && c is ' ' or '\t')
            {
                if (word is not null) words.Add(word.ToString());
                word = null;
            }
            else
            {
                (word ??= new()).Append(c);
            }
        }

        if (word is not null) words.Add(word.ToString());
        if (quote != '\0') why = "has a quote that does not end";
        return quote == '\0' ? words : null;
    }

    /// <summary>Resolves specifiers such as <c>%n</c>. Null, and why, for one that is not known here: which ones exist depends on systemd's version.</summary>
    internal static string? Resolve(string text, Func<char, string?> specifier, out string why)
    {
        why = "";
        if (!text.Contains('%', StringComparison.Ordinal)) return text;
        var resolved = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                resolved.Append(text[i]);
                continue;
            }

            char letter = ++i < text.Length ? text[i] : '\0';
            if ((letter == '%' ? "%" : specifier(letter)) is not { } meaning)
            {
                why = letter == '\0' ? "ends with a single %" : $"has the specifier '{Display.Plain("%" + letter)}', which is not known here";
                return null;
            }

            resolved.Append(meaning);
        }

        return resolved.ToString();
    }

    /// <summary>A line, and those that continue it: a backslash at the end is a blank, and comments in between do not count.</summary>
    private static string Joined(string[] lines, ref int at)
    {
        var text = new StringBuilder();
        for (bool continues = true; continues && at < lines.Length;)
        {
            string line = lines[at].TrimStart(' ', '\t');
            bool isComment = line is ['#' or ';', ..];
            continues = isComment ? text.Length > 0 : EndsInEscape(line);
            if (!isComment) text.Append(continues ? line[..^1] + " " : line);
            if (continues) at++;
        }

        return text.ToString();
    }

    private static bool EndsInEscape(string line) => (line.Length - line.AsSpan().TrimEnd('\\').Length) % 2 == 1;

    /// <summary>The character that an escape means; <paramref name="at"/> is at its letter, and then at its last character.</summary>
    private static string? Escaped(string value, ref int at)
    {
        char letter = at < value.Length ? value[at] : '\0';
        return letter switch
        {
            'a' => "\a",
            'b' => "\b",
            'f' => "\f",
            'n' => "\n",
            'r' => "\r",
            't' => "\t",
            'v' => "\v",
            's' => " ",
            '\\' or '"' or '\'' => letter.ToString(),
            'x' => Number(value, ref at, 1, 2, 16, 0xFF),
            'u' => Number(value, ref at, 1, 4, 16, 0xFFFF),
            'U' => Number(value, ref at, 1, 8, 16, 0x10FFFF),
            >= '0' and <= '7' => Number(value, ref at, 0, 3, 8, 0xFF),
            _ => null,
        };
    }

    /// <summary>A character by its number. Bytes above ASCII would be parts of a character, and NUL ends a text: neither is read.</summary>
    private static string? Number(string value, ref int at, int skip, int digits, int radix, int most)
    {
        int start = at + skip, number = 0;
        if (start + digits > value.Length) return null;
        foreach (char digit in value.AsSpan(start, digits))
        {
            if (!char.IsAsciiHexDigit(digit) || (radix == 8 && digit > '7')) return null;
            long next = (long)number * radix + int.Parse(digit.ToString(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (next > most) return null;
            number = (int)next;
        }

        at = start + digits - 1;
        return number == 0 || (most == 0xFF && number > 0x7F) || !Rune.IsValid(number) ? null : new Rune(number).ToString();
    }
}
