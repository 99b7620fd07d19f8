using System.Collections.Immutable;
using System.Globalization;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Configuration;

/// <summary>Every kind of value that the configuration knows. A value is never empty here.</summary>
internal static class ValueForms
{
    private const int LongestPath = 4095, LongestPathPart = 255, LongestText = 1024;

    internal static ValueForm<bool> YesNo { get; } = new("true or false", ReadYesNo);

    internal static ValueForm<TimeSpan> Duration { get; } = new("a duration such as 90s, 15m, 4h, 2d", ReadDuration);

    internal static ValueForm<TimeSpan> PositiveDuration { get; } = new("a duration such as 90s, 15m, 4h, not 0", ReadPositiveDuration);

    internal static ValueForm<TimeSpan?> Timeout { get; } = new("a duration such as 15m or 4h; 0 or none for no end", ReadTimeout);

    internal static ValueForm<long?> Size { get; } = new("a size such as 512K, 64M, 2G; off for no limit", ReadSize);

    internal static ValueForm<string> Path { get; } = new("an absolute path", ReadPath);

    internal static ValueForm<string?> Ca { get; } = Path.Or("system");

    internal static ValueForm<string> HostCertificate { get; } = new("an absolute path, or puppet, or rhsm", ReadHostCertificate);

    internal static ValueForm<string> Url { get; } = new("an http or https URL without user, query and fragment", UrlForm.Read);

    internal static ValueForm<string?> Proxy { get; } = Url.Or("none");

    internal static ValueForm<ImmutableArray<string>> Urls { get; } = new("http or https URLs, separated by commas or spaces", ReadUrls);

    internal static ValueForm<string> Word { get; } = new("a word without white space", ReadWord);

    internal static ValueForm<string> LockName { get; } =
        new("a name without white space and slashes, at most 200 characters", ReadLockName);

    internal static ValueForm<string> EtcdGroupName { get; } = new("a name, also with white space or slashes inside; not . or ..", ReadEtcdGroup);

    internal static ValueForm<string> FleetLockGroup { get; } = new("letters, digits, dots and hyphens", ReadFleetLockGroup);

    internal static ValueForm<string> Text { get; } = new("text", ReadText);

    internal static ValueForm<string> TimeZone { get; } = new("a time zone such as UTC or Europe/Berlin", ReadTimeZone);

    internal static ValueForm<string?> DateConstraint { get; } =
        new ValueForm<string>("days of the month such as 2:Tue,4:Fri", ReadDateConstraint).Or("always");

    internal static ValueForm<string?> Window { get; } =
        new ValueForm<string>("windows such as Sat,Sun 23:30/2h | Wed 04:00/90m", ReadWindow).Or("always");

    internal static ValueForm<ImmutableArray<string>> Command { get; } =
        new("a command and its arguments; quotes as in a shell, nothing is expanded", ReadCommand);

    internal static ValueForm<ImmutableArray<string>> Users { get; } = new("user names, separated by commas or spaces", ReadUsers);

    internal static ValueForm<ImmutableArray<string>> Services { get; } = new("systemd units and absolute paths of scripts, separated by spaces", ReadServices);

    internal static ValueForm<string> Proofs { get; } = new("tcp:HOST:PORT, unix:PATH, unit:NAME or a command, several separated by |", ReadText);

    /// <summary>A whole number within limits.</summary>
    internal static ValueForm<int> Number(int least, int most) =>
        new(string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"), (string text, out int value) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= least && value <= most
                ? null
                : string.Create(CultureInfo.InvariantCulture, $"{Display.Quote(text)} is not a number from {least} to {most}"));

    /// <summary>One of a few words, in any case.</summary>
    /// <param name="choices">The words in lower case, and what each means.</param>
    internal static ValueForm<T> Choice<T>(params (string Word, T Value)[] choices)
    {
        return new(string.Join(", ", Array.ConvertAll(choices, c => c.Word)), (string text, out T value) =>
        {
            foreach ((string word, T meaning) in choices)
            {
                if (word.Equals(text, StringComparison.OrdinalIgnoreCase))
                {
                    value = meaning;
                    return null;
                }
            }

            value = default!;
            string[] words = Array.ConvertAll(choices, c => c.Word);
            string? nearest = NearestName.Find(text, words);
            return $"{Display.Quote(text)} is none of {string.Join(", ", words)}" + (nearest is null ? "" : $": did you mean {nearest}?");
        });
    }

    /// <summary>Also reads the word that says on purpose that there is to be none; the value is then null.</summary>
    internal static ValueForm<T?> Or<T>(this ValueForm<T> form, string none)
        where T : class => new($"{form.Text}, or {none}", (string text, out T? value) =>
    {
        value = null;
        return text.Equals(none, StringComparison.OrdinalIgnoreCase) ? null : form.Read(text, out value);
    });

    /// <summary>Also reads a word that an older tool had for one of today's, and shows only today's.</summary>
    internal static ValueForm<T> WithOldWord<T>(this ValueForm<T> form, string old, string today) => form with
    {
        Read = (string text, out T value) => form.Read(text.Equals(old, StringComparison.OrdinalIgnoreCase) ? today : text, out value),
        Today = text => text.Equals(old, StringComparison.OrdinalIgnoreCase) ? today : text,
    };

    private static string? ReadServices(string text, out ImmutableArray<string> value)
    {
        value = [.. text.Split([' ', ',', '\t'], StringSplitOptions.RemoveEmptyEntries)];
        foreach (string service in value)
        {
            if (service[0] == '-' || service.Contains('=') || (service.Contains('/') && service[0] != '/'))
                return $"{Display.Quote(service)} is neither the name of a systemd unit nor an absolute path";
        }

        return value.Distinct().Count() == value.Length ? null : "names a service twice";
    }

    private static string? ReadYesNo(string text, out bool value)
    {
        string word = text.ToLowerInvariant();
        value = word is "true" or "yes" or "on" or "1";
        return value || word is "false" or "no" or "off" or "0" ? null : $"{Display.Quote(text)} is neither true nor false";
    }

    private static string? ReadDuration(string text, out TimeSpan value) =>
        Core.Settings.Duration.TryParse(text, out value, out string? error) ? null : $"{Display.Quote(text)} {error}";

    private static string? ReadPositiveDuration(string text, out TimeSpan value) =>
        ReadDuration(text, out value) ??
        (value > TimeSpan.Zero ? null : $"{Display.Quote(text)} is no time at all: it must be more than 0");

    private static string? ReadTimeout(string text, out TimeSpan? value)
    {
        value = null;
        if (text.Equals("none", StringComparison.OrdinalIgnoreCase))
            return null;
        string? wrong = ReadDuration(text, out TimeSpan limit);
        value = limit > TimeSpan.Zero ? limit : null;
        return wrong;
    }

    private static string? ReadSize(string text, out long? value)
    {
        value = null;
        if (text.Equals("off", StringComparison.OrdinalIgnoreCase))
            return null;
        int shift = char.ToUpperInvariant(text[^1]) switch { 'K' => 10, 'M' => 20, 'G' => 30, _ => 0 };
        ReadOnlySpan<char> digits = shift > 0 ? text.AsSpan(0, text.Length - 1) : text;
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) || number > long.MaxValue >> shift)
            return $"{Display.Quote(text)} is not a size such as 512K, 64M or 2G";
        value = number << shift;
        return number > 0 ? null : $"{Display.Quote(text)} must be greater than 0; off means no limit";
    }

    private static string? ReadPath(string text, out string value)
    {
        value = "";
        if (text[0] != '/')
            return $"{Display.Quote(text)} is not an absolute path: begin it with /";
        if (System.Text.Encoding.UTF8.GetByteCount(text) > LongestPath)
            return $"the path is longer than {LongestPath} bytes";
        string[] parts = text.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var kept = new List<string>(parts.Length);
        foreach (string part in parts)
        {
            if (part == "..")
                return $"{Display.Quote(text)} holds ..: write the path without it";
            if (System.Text.Encoding.UTF8.GetByteCount(part) > LongestPathPart)
                return $"a part of the path is longer than {LongestPathPart} bytes";
            if (part.Contains(" #", StringComparison.Ordinal) || part.Contains(" ;", StringComparison.Ordinal))
                return $"{Display.Quote(text)} holds a comment: a comment must stand on a line of its own";
            if (part != ".")
                kept.Add(part);
        }

        value = "/" + string.Join('/', kept);
        return kept.Count == 0 ? "the root directory cannot be used" : null;
    }

    private static string? ReadHostCertificate(string text, out string value)
    {
        value = text;
        if (text is "puppet" or "rhsm")
            return null;
        return text[0] == '/' ? ReadPath(text, out value) : $"{Display.Quote(text)} is neither an absolute path nor puppet nor rhsm";
    }

    private static string? ReadUrls(string text, out ImmutableArray<string> value)
    {
        value = [];
        var urls = ImmutableArray.CreateBuilder<string>();
        foreach (string part in List(text))
        {
            if (UrlForm.Read(part, out string url) is string wrong)
                return wrong;
            urls.Add(url);
        }

        value = urls.ToImmutable();
        return urls.Count == 0 ? $"{Display.Quote(text)} names no URL" : null;
    }

    private static string? ReadWord(string text, out string value)
    {
        value = text;
        return HasWhiteSpace(text) ? $"{Display.Quote(text)} holds white space" : ReadText(text, out value);
    }

    private static string? ReadText(string text, out string value)
    {
        value = text;
        return text.Length > LongestText ? $"the value is longer than {LongestText} characters" : null;
    }

    private static string? ReadLockName(string text, out string value)
    {
        value = text;
        if (text is "." or ".." || HasWhiteSpace(text) || text.Contains('/', StringComparison.Ordinal))
            return $"{Display.Quote(text)} cannot name a lock: no white space, no slash, not . or ..";
        return text.Length > 200 ? "the name is longer than 200 characters" : null;
    }

    private static string? ReadEtcdGroup(string text, out string value)
    {
        value = text;
        return EtcdGroup.Wrong(text);
    }

    private static string? ReadFleetLockGroup(string text, out string value)
    {
        value = text;
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-'))
                return $"{Display.Quote(text)} is not a FleetLock group: only letters, digits, dots and hyphens";
        }

        return ReadText(text, out value);
    }

    private static string? ReadTimeZone(string text, out string value)
    {
        value = text;
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('/' or '_' or '+' or '-'))
                return $"{Display.Quote(text)} is not a time zone: write a name such as UTC or Europe/Berlin";
        }

        return ReadText(text, out value);
    }

    private static string? ReadDateConstraint(string text, out string value)
    {
        value = text;
        return Core.Scheduling.DateConstraint.TryParse(text, out _, out string? error) ? null : $"{Display.Quote(text)} {error}";
    }

    private static string? ReadWindow(string text, out string value)
    {
        value = text;
        return Core.Scheduling.MaintenanceWindow.TryParse(text, out _, out string? error) ? null : error;
    }

    private static string? ReadCommand(string text, out ImmutableArray<string> value)
    {
        if (!CommandWords.TrySplit(text, out value, out string? error))
            return $"{Display.Quote(text)} {error}";
        return value[0][0] != '/' && value[0].Contains('/', StringComparison.Ordinal)
            ? $"{Display.Quote(value[0])} is a relative path: write it from / on, or only the command's name"
            : null;
    }

    private static string? ReadUsers(string text, out ImmutableArray<string> value)
    {
        value = [];
        var users = ImmutableArray.CreateBuilder<string>();
        foreach (string user in List(text))
        {
            if (!IsUserName(user))
                return $"{Display.Quote(user)} is not a user name";
            if (users.Contains(user))
                return $"{Display.Quote(user)} is named twice";
            users.Add(user);
        }

        value = users.ToImmutable();
        return users.Count == 0 ? $"{Display.Quote(text)} names no user" : null;
    }

    private static bool IsUserName(string name)
    {
        if (name.Length > 32 || !(char.IsAsciiLetter(name[0]) || name[0] == '_'))
            return false;
        for (int i = 1; i < name.Length; i++)
        {
            if (!char.IsAsciiLetterOrDigit(name[i]) && name[i] is not ('.' or '_' or '-') && (name[i] != '$' || i != name.Length - 1))
                return false;
        }

        return true;
    }

    private static string[] List(string text) =>
        text.Split([',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries);

    private static bool HasWhiteSpace(string text)
    {
        foreach (char c in text)
        {
            if (char.IsWhiteSpace(c))
                return true;
        }

        return false;
    }
}
