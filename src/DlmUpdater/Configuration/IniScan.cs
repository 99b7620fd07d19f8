using System.Text;
using System.Text.Unicode;
using Microsoft.Extensions.Configuration.Ini;

namespace DlmUpdater.Configuration;

/// <summary>A section header or a key in a file.</summary>
/// <param name="Line">The line, from 1.</param>
/// <param name="Section">The section as written.</param>
/// <param name="Key">The key as written; null for a section header.</param>
/// <param name="Value">The value, as the package reads it.</param>
internal readonly record struct IniEntry(int Line, string Section, string? Key, string Value);

/// <summary>Reads one INI file. The values come from Microsoft.Extensions.Configuration.Ini; because it names no line and stops at the
/// first mistake, the lines are scanned first, by its own rules. Repeated sections are merged, as the package does.</summary>
internal static class IniScan
{
    private const int LongestLine = 8192;
    private const int MostComplaints = 50;

    /// <summary>The entries of <paramref name="content"/> in the order of the lines, without those that are complained of.</summary>
    internal static List<IniEntry> Read(byte[] content, Place file, Findings findings)
    {
        var scan = new Scan(content, file, findings);
        scan.Run();
        IDictionary<string, string?> values;
        try
        {
            values = IniStreamConfigurationProvider.Read(scan.Clean());
        }
        catch (FormatException e)
        {
            findings.Add(Severity.Error, file,
                $"the line scan took what the INI reader refuses ({Display.Plain(e.Message)}): this is a bug");
            return [];
        }

        var entries = new List<IniEntry>(scan.Found.Count);
        foreach ((int line, string section, string? key) in scan.Found)
        {
            string? value = "";
            if (key is not null && !values.TryGetValue($"{section}:{key}", out value))
                findings.Add(Severity.Error, file with { Line = line }, section, key,
                    "the INI reader did not see this line: this is a bug");
            else
                entries.Add(new IniEntry(line, section, key, value ?? ""));
        }

        return entries;
    }

    private sealed class Scan(byte[] content, Place file, Findings findings)
    {
        private readonly Dictionary<string, int> seen = new(StringComparer.OrdinalIgnoreCase);
        private readonly List<Range> bad = [];
        private int complaints, warnings;
        private string? section;
        private bool sectionIsBad;

        internal List<(int Line, string Section, string? Key)> Found { get; } = [];

        internal void Run()
        {
            int line = 0;
            int start = content.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
            for (int at = start; at < content.Length;)
            {
                int length = content.AsSpan(at).IndexOfAny((byte)'\n', (byte)'\r');
                length = length < 0 ? content.Length - at : length;
                line++;
                if (!Line(content.AsSpan(at, length), line))
                    bad.Add(at..(at + length));
                at += length;
                at += at + 1 < content.Length && content[at] == '\r' && content[at + 1] == '\n' ? 2 : 1;
            }

            if (complaints > MostComplaints)
                findings.Add(Severity.Error, file with { Line = line },
                    $"{complaints - MostComplaints} more lines are wrong: is this an INI file?");
        }

        /// <summary>What the package may read: bad lines blanked, since it would stop at them.</summary>
        internal MemoryStream Clean()
        {
            if (bad.Count == 0)
                return new MemoryStream(content, writable: false);
            byte[] clean = (byte[])content.Clone();
            foreach (Range range in bad)
                clean.AsSpan(range).Fill((byte)' ');
            return new MemoryStream(clean, writable: false);
        }

        /// <summary>False if the package must not see the line.</summary>
        private bool Line(ReadOnlySpan<byte> bytes, int number)
        {
            if (bytes.Length > LongestLine)
                return Complain(number, $"the line is longer than {LongestLine} bytes");
            if (!Utf8.IsValid(bytes))
                return Complain(number, "the line is not valid UTF-8: save the file as UTF-8");
            string text = Encoding.UTF8.GetString(bytes).Trim();
            if (HiddenCharacter(text) is int hidden)
                return Complain(number, $"the line holds the control character U+{hidden:X4}: remove it");
            if (text.Length == 0 || text[0] is ';' or '#')
                return true;
            if (text[0] == '/')
                return Slash(text, number);
            return text[0] == '[' ? Header(text, number) : KeyLine(text, number);
        }

        private bool Header(string text, int number)
        {
            if (text[^1] != ']')
            {
                section = "";
                sectionIsBad = true;
                return Complain(number, "a section header ends with ]; a comment must stand on a line of its own");
            }

            // As the package: the brackets go, then white space.
            section = text[1..^1].Trim();
            sectionIsBad = section.Length == 0 || section.Contains(':', StringComparison.Ordinal);
            if (sectionIsBad)
                return Complain(number, section.Length == 0 ? "the section has no name" : "a section's name holds no colon");
            Found.Add((number, section, null));
            return true;
        }

        private bool KeyLine(string text, int number)
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
                return Complain(number, "the line is neither [section] nor key = value nor a comment; values cannot go over several lines");
            string key = text[..equals].TrimEnd();
            if (key.Length == 0)
                return Complain(number, "there is no key before =");
            if (section is null)
                return Complain(number, $"{Display.Quote(key)} stands before any [section]");
            if (key.Contains(':', StringComparison.Ordinal))
                return Complain(number, $"[{Display.Plain(section)}] a key holds no colon: write key = value");
            if (sectionIsBad)
                return false;

            string value = text[(equals + 1)..].Trim();
            if (value.Length > 2 && value[0] == '"' && value[^1] == '"' && value.AsSpan(1, value.Length - 2).Contains('"'))
            {
                return Complain(number, section, key,
                    "the value begins and ends with \", and that pair is taken off: use ' inside or around");
            }

            string name = $"{section}:{key}";
            if (!seen.TryAdd(name, number))
                return Complain(number, section, key, $"is set a second time, first in line {seen[name]}: remove one");

            Found.Add((number, section, key));
            return true;
        }

        /// <summary>The package takes every line that begins with a slash as a comment.</summary>
        private bool Slash(string text, int number)
        {
            if (!text.StartsWith("//", StringComparison.Ordinal) && ++warnings <= MostComplaints)
                findings.Add(Severity.Warning, file with { Line = number }, "the line begins with / and is read as a comment: write #");
            return true;
        }

        private bool Complain(int number, string section, string key, string text) =>
            Complain(number, $"[{Display.Plain(section)}] {Display.Plain(key)}: {text}");

        private bool Complain(int number, string text)
        {
            if (++complaints <= MostComplaints)
                findings.AddUnread(file with { Line = number }, text);
            return false;
        }

        /// <summary>Control characters and the byte order mark in the middle: unseen, they change what a value means.</summary>
        private static int? HiddenCharacter(string text)
        {
            foreach (char c in text)
            {
                if ((char.IsControl(c) && c != '\t') || c == '\uFEFF')
                    return c;
            }

            return null;
        }
    }
}
