using DlmUpdater.Core.Settings;

namespace DlmUpdater.Core.Scripts;

/// <summary>Reads <c># dlm:</c> lines, one after the other.</summary>
internal sealed class ScriptHeaderParser
{
    private const string Marker = "dlm:";

    private readonly List<string> _complaints = [];
    private readonly HashSet<string> _seen = [];
    private ScriptHeader _header = ScriptHeader.None;

    /// <summary>Takes line <paramref name="number"/>; other lines than <c># dlm:</c> say nothing.</summary>
    public void Line(string line, int number)
    {
        ReadOnlySpan<char> rest = line.AsSpan().Trim();
        if (!rest.StartsWith('#'))
            return;
        rest = rest.TrimStart('#').TrimStart();
        if (rest.StartsWith(Marker, StringComparison.Ordinal))
            Words(rest[Marker.Length..], number);
    }

    /// <summary>What was read.</summary>
    public ParsedHeader Result() => new(_header, _complaints);

    private void Words(ReadOnlySpan<char> rest, int line)
    {
        for (rest = rest.TrimStart(); !rest.IsEmpty; rest = rest.TrimStart())
        {
            int end = rest.IndexOfAny(" \t=");
            if (end <= 0 || rest[end] != '=')
            {
                _complaints.Add($"line {line}: \"{rest[..(end > 0 ? end : rest.Length)]}\" in the # dlm: header is not key=value");
                return;
            }

            string key = rest[..end].ToString();
            rest = rest[(end + 1)..];
            string? value = Value(key, ref rest);
            if (value is null)
            {
                _complaints.Add($"line {line}: the value of \"{key}\" has no closing quote");
                return;
            }

            Set(key, value, line);
        }
    }

    /// <summary>Takes a value off <paramref name="rest"/>: quoted, or up to the next blank, or for a description the whole line. Null: no closing quote.</summary>
    private static string? Value(string key, ref ReadOnlySpan<char> rest)
    {
        ReadOnlySpan<char> value;
        if (!rest.IsEmpty && rest[0] is '"' or '\'')
        {
            int close = rest[1..].IndexOf(rest[0]);
            if (close < 0)
                return null;
            value = rest.Slice(1, close);
            rest = rest[(close + 2)..];
            return value.ToString();
        }

        int end = key == "description" ? -1 : rest.IndexOfAny(" \t");
        value = end < 0 ? rest : rest[..end];
        rest = end < 0 ? [] : rest[end..];
        return value.Trim().ToString();
    }

    private void Set(string key, string value, int line)
    {
        string? wrong = key switch
        {
            _ when !_seen.Add(key) => $"\"{key}\" is given twice",
            "name" or "timeout" or "run" or "user" or "probe" or "description" when value.Length == 0 => $"\"{key}\" has no value",
            "name" => Take(_header with { Name = value }),
            "description" => Take(_header with { Description = value }),
            "user" => Take(_header with { User = value }),
            "run" => value switch
            {
                "once" => Take(_header with { RunOnce = true }),
                "always" => null,
                _ => $"run={value} is neither once nor always",
            },
            "probe" => value == "yes" ? Take(_header with { HasProbe = true }) : $"probe={value} is not yes",
            "timeout" => Duration.TryParse(value, out TimeSpan timeout, out _)
                ? Take(_header with { Timeout = timeout })
                : $"timeout={value} is not a duration: write 90s, 15m, 4h or 2d, or 0 for no end",
            _ => $"unknown key \"{key}\": the header knows name, timeout, run, user, probe and description",
        };
        if (wrong is not null)
            _complaints.Add($"line {line}: {wrong}");
    }

    private string? Take(ScriptHeader header)
    {
        _header = header;
        return null;
    }
}
