using System.Text;

namespace DlmUpdater.Configuration.Adopted;

/// <summary>Reads an INI file as Python's <c>configparser.ConfigParser()</c> reads it, which foreman_dlm_updater and the early DLMEngineUpdater used: <c>=</c> or
/// <c>:</c>, values that go on in indented lines, a section <c>DEFAULT</c>, <c>%(name)s</c> and <c>%%</c>. A comment stands on a line of its own there too: behind a
/// value it belongs to the value.</summary>
internal sealed class PythonIni
{
    private const string Default = "DEFAULT";
    private const int MostDepth = 10, LongestLine = 8192;

    private readonly Place _file;
    private readonly Findings _findings;
    private readonly List<Option> _options = [];
    private readonly HashSet<string> _sections = new(StringComparer.Ordinal);
    private readonly List<IniEntry> _headers = [];
    private string? _section;
    private Option? _last;
    private int _indent;

    private PythonIni(Place file, Findings findings) => (_file, _findings) = (file, findings);

    /// <summary>A key with the lines of its value.</summary>
    private sealed record Option(int Line, string Section, string Key, List<string> Lines)
    {
        internal string Raw => string.Join('\n', Lines).TrimEnd();
    }

    /// <summary>The entries in the order of the lines; those of <c>DEFAULT</c> stand in <c>[main]</c> where it does not have them itself.</summary>
    /// <param name="content">The file.</param>
    /// <param name="file">Where it is.</param>
    /// <param name="isRead">Which keys are used: what is wrong with the value of another one was never noticed there.</param>
    /// <param name="findings">What cannot be read.</param>
    internal static List<IniEntry> Read(byte[] content, Place file, Func<string, string, bool> isRead, Findings findings)
    {
        if (!System.Text.Unicode.Utf8.IsValid(content))
        {
            findings.AddUnread(file, "is not valid UTF-8: save the file as UTF-8");
            return [];
        }

        var reader = new PythonIni(file, findings);
        int number = 0;
        foreach (string line in Encoding.UTF8.GetString(content).TrimStart('\uFEFF').ReplaceLineEndings("\n").Split('\n'))
        {
            number++;
            if (line.Length > LongestLine) findings.AddUnread(file with { Line = number }, $"the line is longer than {LongestLine} bytes");
            else if (reader.Line(line, number) is { } wrong) findings.AddUnread(file with { Line = number }, wrong);
        }

        return reader.Entries(isRead);
    }

    /// <summary>Null, or what is wrong with the line.</summary>
    private string? Line(string line, int number)
    {
        string text = line.Trim();
        if (text.Length == 0 || text[0] is '#' or ';')
        {
            if (text.Length == 0) _last?.Lines.Add("");
            return null;
        }

        int indent = line.Length - line.TrimStart().Length;
        if (_last is not null && indent > _indent)
        {
            _last.Lines.Add(text);
            return null;
        }

        _indent = indent;
        if (text[0] == '[' && text.IndexOf(']', StringComparison.Ordinal) is > 1 and var end)
        {
            _section = text[1..end];
            _last = null;
            if (_section != Default && !_sections.Add(_section)) return $"the section [{Display.Plain(_section)}] is there a second time";
            if (_section != Default) _headers.Add(new IniEntry(number, _section, null, ""));
            return null;
        }

        if (_section is null) return $"{Display.Quote(text)} stands before any [section]";
        int delimiter = text.IndexOfAny(['=', ':']);
        string key = delimiter < 0 ? "" : text[..delimiter].TrimEnd().ToLowerInvariant();
        if (key.Length == 0) return "the line is neither [section] nor key = value nor a comment";
        if (_options.Find(o => o.Section == _section && o.Key == key) is { } first)
            return $"[{Display.Plain(_section)}] {Display.Plain(key)}: is set a second time, first in line {first.Line}: remove one";
        _options.Add(_last = new Option(number, _section, key, [text[(delimiter + 1)..].Trim()]));
        return null;
    }

    private List<IniEntry> Entries(Func<string, string, bool> isRead)
    {
        var entries = new List<IniEntry>(_headers);
        foreach (Option option in _options)
        {
            // What is in DEFAULT is in every section.
            string section = option.Section == Default ? "main" : option.Section;
            if (option.Section == Default && _options.Exists(o => o.Section == section && o.Key == option.Key)) continue;
            bool isUsed = isRead(section, option.Key);

            // A default that nobody uses is there for the sake of others.
            if (!isUsed && option.Section == Default) continue;
            string value = option.Raw;
            if (isUsed && Expand(option, value, 0, out value) is { } wrong) _findings.AddUnread(_file with { Line = option.Line }, $"[{Display.Plain(section)}] {Display.Plain(option.Key)}: {wrong}");
            else if (isUsed && value.Contains('\n')) _findings.AddUnread(_file with { Line = option.Line }, $"[{Display.Plain(section)}] {Display.Plain(option.Key)}: the value goes over several lines: write it in one");
            else entries.Add(new IniEntry(option.Line, section, option.Key, isUsed ? Unquoted(option, section, value) : ""));
        }

        entries.Sort((a, b) => a.Line.CompareTo(b.Line));
        return entries;
    }

    /// <summary>Python keeps quotes as a part of the value, and this program has taken a pair off from its first version on: said, since a lock's name in quotes
    /// is another lock there.</summary>
    private string Unquoted(Option option, string section, string value)
    {
        if (value.Length < 2 || value[0] != '"' || value[^1] != '"') return value;
        _findings.Add(Severity.Warning, _file with { Line = option.Line }, section, option.Key, "the quotes are taken off; Python's reader kept them as a part of the value: remove them");
        return value[1..^1];
    }

    /// <summary>Null and the value with its references resolved, or what is wrong with it.</summary>
    private string? Expand(Option option, string text, int depth, out string value)
    {
        value = text;
        if (!text.Contains('%')) return null;
        if (depth > MostDepth) return "%(...)s goes round in a circle";
        var expanded = new StringBuilder();
        for (int at = 0; at < text.Length; at++)
        {
            if (text[at] != '%')
            {
                expanded.Append(text[at]);
                continue;
            }

            if (at + 1 < text.Length && text[at + 1] == '%')
            {
                expanded.Append('%');
                at++;
                continue;
            }

            int end = text.IndexOf(")s", at, StringComparison.Ordinal);
            if (at + 1 >= text.Length || text[at + 1] != '(' || end < 0) return "a % is written %%, or begins %(name)s";
            string name = text[(at + 2)..end].ToLowerInvariant();
            Option? of = _options.Find(o => o.Section == option.Section && o.Key == name) ?? _options.Find(o => o.Section == Default && o.Key == name);
            if (of is null) return $"%({Display.Plain(name)})s is set nowhere";
            if (Expand(option, of.Raw, depth + 1, out string inner) is { } wrong) return wrong;
            expanded.Append(inner);
            at = end + 1;
        }

        value = expanded.ToString();
        return null;
    }
}
