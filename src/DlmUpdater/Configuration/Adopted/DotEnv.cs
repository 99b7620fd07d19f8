using System.Text;

namespace DlmUpdater.Configuration.Adopted;

/// <summary>Which rules a file of <c>NAME=value</c> lines follows.</summary>
internal enum DotEnvRules
{
    /// <summary>python-dotenv's: <c>export</c>, comments behind a value, quoted values over several lines, <c>${NAME}</c> and <c>${NAME:-else}</c>.</summary>
    Python,

    /// <summary>systemd's <c>EnvironmentFile=</c>: comments on lines of their own (# or ;), lines that end in a backslash go on, nothing is expanded.</summary>
    Systemd,
}

/// <summary>Reads files of <c>NAME=value</c> lines. No complaint repeats a value: it may be a secret.</summary>
internal ref struct DotEnv
{
    private readonly ReadOnlySpan<char> _text;
    private readonly DotEnvRules _rules;
    private int _at;
    private int _line;
    private int _openComment;

    private DotEnv(ReadOnlySpan<char> text, DotEnvRules rules)
    {
        _text = text;
        _rules = rules;
        _line = 1;
    }

    /// <summary>The settings of <paramref name="content"/> in the order of the lines; of a name that is set twice both, and the later one is meant.</summary>
    /// <param name="content">The file.</param>
    /// <param name="rules">Whose rules it follows.</param>
    /// <param name="file">Where it is.</param>
    /// <param name="environment">What <c>${NAME}</c> may mean beside the names above it.</param>
    /// <param name="findings">Lines that cannot be read.</param>
    internal static List<OldSetting> Read(
        byte[] content, DotEnvRules rules, Place file, IReadOnlyDictionary<string, string> environment, Findings findings)
    {
        var settings = new List<OldSetting>();
        if (!System.Text.Unicode.Utf8.IsValid(content))
        {
            findings.AddUnread(file, "is not valid UTF-8: save the file as UTF-8");
            return settings;
        }

        var reader = new DotEnv(Encoding.UTF8.GetString(content).AsSpan().TrimStart('\uFEFF'), rules);
        while (reader.SkipToName())
        {
            if (reader._openComment is > 0 and var open)
            {
                findings.AddUnread(file with { Line = open }, "the comment ends with a backslash, and systemd took the next line for a part of it until version 254: remove the backslash");
                reader._openComment = 0;
            }

            int line = reader._line;
            if (reader.Setting(out string name, out string? value) is { } wrong)
            {
                findings.AddUnread(file with { Line = line }, wrong);
                reader.SkipLine();
            }
            else if (value is not null)
            {
                if (rules == DotEnvRules.Python) value = Expand(value, settings, environment);
                settings.Add(new OldSetting(name, value, file with { Line = line, Origin = name }));
            }
        }

        return settings;
    }

    private bool SkipToName()
    {
        while (_at < _text.Length)
        {
            if (_text[_at] == '#' || (_rules == DotEnvRules.Systemd && _text[_at] == ';'))
            {
                SkipLine();
                if (_rules == DotEnvRules.Systemd && _text[_at - 1] == '\\') _openComment = _line;
            }
            else if (!char.IsWhiteSpace(_text[_at])) return true;
            else Step();
        }

        return false;
    }

    /// <summary>Null, or what is wrong with the line. A name without a value is no setting.</summary>
    private string? Setting(out string name, out string? value)
    {
        (name, value) = ("", null);
        if (_rules == DotEnvRules.Python && Rest.StartsWith("export", StringComparison.Ordinal) && _at + 6 < _text.Length && _text[_at + 6] is ' ' or '\t')
        {
            _at += 6;
            SkipBlanks();
        }

        if (Peek == '\'' && _rules == DotEnvRules.Python)
        {
            int end = Rest[1..].IndexOf('\'');
            if (end <= 0) return "the quoted name does not end";
            name = Rest.Slice(1, end).ToString();
            _at += end + 2;
        }
        else
        {
            int length = 0;
            while (length < Rest.Length && Rest[length] is not ('=' or '#' or ' ' or '\t' or '\r' or '\n')) length++;
            name = Rest[..length].ToString();
            _at += length;
        }

        SkipBlanks();
        if (Peek != '=') return name.Length > 0 && AtEnd() ? null : "the line is not NAME=value";
        if (name.Length == 0) return "there is no name before =";
        _at++;
        bool blank = Peek is ' ' or '\t';
        SkipBlanks();
        return _rules == DotEnvRules.Python ? PythonValue(blank, out value) : SystemdValue(out value);
    }

    private string? PythonValue(bool isSetOff, out string? value)
    {
        if (Peek is '"' or '\'')
        {
            value = Quoted(Peek, Peek == '"' ? "\\'\"abfnrtv" : "\\'");
            if (value is null) return "the quoted value does not end";
            SkipBlanks();
            return AtEnd() ? null : "something follows the quoted value";
        }

        int length = Rest.IndexOfAny('\r', '\n');
        ReadOnlySpan<char> line = length < 0 ? Rest : Rest[..length];
        _at += line.Length;
        if (isSetOff && line.StartsWith("#", StringComparison.Ordinal)) line = default;
        for (int i = 1; i < line.Length; i++)
        {
            if (line[i] == '#' && char.IsWhiteSpace(line[i - 1])) line = line[..i];
        }

        value = line.TrimEnd().ToString();
        return null;
    }

    /// <summary>Quotes count in front of a value and behind another quote; blanks between them, and behind the value, do not.</summary>
    private string? SystemdValue(out string? value)
    {
        var text = new StringBuilder();
        bool isBefore = true;
        int kept = 0;
        value = null;
        while (_at < _text.Length && Peek is not ('\r' or '\n'))
        {
            bool isBlank = Peek is ' ' or '\t';
            if (isBefore && Peek is '"' or '\'')
            {
                if (Quoted(Peek, Peek == '"' ? "\\\"`$" : "") is not { } quoted) return "the quoted value does not end";
                text.Append(quoted);
            }
            else if (isBefore && isBlank)
            {
                Step();
            }
            else if (Peek == '\\')
            {
                Step();
                if (Peek == '\r') Step();
                if (Peek != '\n' && _at < _text.Length) text.Append(Peek);
                Step();
                (isBefore, isBlank) = (false, false);
            }
            else
            {
                text.Append(Peek);
                Step();
                isBefore = false;
            }

            if (!isBlank) kept = text.Length;
        }

        value = text.ToString(0, kept);
        return null;
    }

    /// <summary>What stands between the quotes; null if they do not end. Leaves the place as it is then, so that the next line is read for itself.</summary>
    private string? Quoted(char quote, string escapes)
    {
        (int at, int line) = (_at, _line);
        var text = new StringBuilder();
        Step();
        while (_at < _text.Length)
        {
            char c = Peek;
            Step();
            if (c == quote) return text.ToString();
            if (c == '\\' && _at < _text.Length && escapes.Contains(Peek, StringComparison.Ordinal))
            {
                text.Append(_rules == DotEnvRules.Systemd ? Peek : Escaped(Peek));
                Step();
            }
            else if (c == '\\' && _rules == DotEnvRules.Systemd && quote == '"' && Peek == '\n')
            {
                Step();
            }
            else
            {
                text.Append(c);
            }
        }

        (_at, _line) = (at, line);
        return null;
    }

    private static char Escaped(char c) => c switch
    {
        'a' => '\a',
        'b' => '\b',
        'f' => '\f',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\v',
        _ => c,
    };

    /// <summary><c>${NAME}</c> is the value of a name above it, else of the environment, else nothing; <c>${NAME:-else}</c> has another else.</summary>
    private static string Expand(string value, List<OldSetting> above, IReadOnlyDictionary<string, string> environment)
    {
        if (!value.Contains("${", StringComparison.Ordinal)) return value;
        var text = new StringBuilder();
        int at = 0;
        for (int start; (start = value.IndexOf("${", at, StringComparison.Ordinal)) >= 0;)
        {
            int end = value.IndexOf('}', start);
            if (end < 0) break;
            string inside = value[(start + 2)..end];
            int colon = inside.IndexOf(':', StringComparison.Ordinal);
            text.Append(value, at, start - at);
            if (colon >= 0 && !inside.AsSpan(colon).StartsWith(":-"))
                text.Append(value, start, end + 1 - start);
            else
                text.Append(ValueOf(colon < 0 ? inside : inside[..colon], above, environment) ?? (colon < 0 ? "" : inside[(colon + 2)..]));
            at = end + 1;
        }

        return text.Append(value, at, value.Length - at).ToString();
    }

    private static string? ValueOf(string name, List<OldSetting> above, IReadOnlyDictionary<string, string> environment)
    {
        for (int i = above.Count - 1; i >= 0; i--)
        {
            if (above[i].Name == name) return above[i].Value;
        }

        return environment.TryGetValue(name, out string? value) ? value : null;
    }

    private readonly char Peek => _at < _text.Length ? _text[_at] : '\0';

    private readonly ReadOnlySpan<char> Rest => _text[_at..];

    private readonly bool AtEnd() => _at >= _text.Length || Peek is '\r' or '\n' or '#';

    private void SkipBlanks()
    {
        while (Peek is ' ' or '\t') _at++;
    }

    private void SkipLine()
    {
        while (_at < _text.Length && _text[_at] is not ('\n' or '\r')) _at++;
    }

    private void Step()
    {
        if (_at >= _text.Length) return;
        if (_text[_at] == '\n' || (_text[_at] == '\r' && (_at + 1 >= _text.Length || _text[_at + 1] != '\n'))) _line++;
        _at++;
    }
}
