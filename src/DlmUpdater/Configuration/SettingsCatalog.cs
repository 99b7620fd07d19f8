namespace DlmUpdater.Configuration;

/// <summary>Every section and key there is: the one table behind binding, complaints, defaults and the manual.</summary>
internal static partial class SettingsCatalog
{
    /// <summary>Every key, section by section, in the order of the manual.</summary>
    internal static IReadOnlyList<SettingKey> Keys => Rows;

    /// <summary>Every section.</summary>
    internal static IReadOnlyList<string> Sections { get; } =
        ["main", "lock", "foreman", "dlmengine", "etcd", "fleetlock", "file", "scripts", "schedule", "reboot", "log", "notify", "upgrade", "metrics"];

    /// <summary>The key, in any case; null if there is none.</summary>
    internal static SettingKey? Find(string section, string key)
    {
        int length = section.Length + 1 + key.Length;
        if (length > 128)
            return null;
        Span<char> name = stackalloc char[length];
        section.CopyTo(name);
        name[section.Length] = ':';
        key.CopyTo(name[(section.Length + 1)..]);
        return Lookup.ByName.TryGetValue(name, out SettingKey? found) ? found : null;
    }

    /// <summary>True if there is such a section, in any case.</summary>
    internal static bool HasSection(string section)
    {
        foreach (string known in Sections)
        {
            if (known.Equals(section, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }

    /// <summary>What to say of a section that does not exist.</summary>
    internal static string UnknownSection(string section) =>
        $"[{Display.Plain(section)}]: there is no such section, and nothing in it is read" +
        $"{Hint(NearestName.Find(section, Sections), "[", "]")}";

    /// <summary>What to say, after <c>[section] key: </c>, of a key that does not exist in its section.</summary>
    internal static string UnknownKey(string section, string key)
    {
        var here = new List<string>();
        SettingKey? elsewhere = null;
        foreach (SettingKey row in Rows)
        {
            if (row.Section.Equals(section, StringComparison.OrdinalIgnoreCase))
                here.Add(row.Key);
            else if (elsewhere is null && row.Key.Equals(key, StringComparison.OrdinalIgnoreCase))
                elsewhere = row;
        }

        string? nearest = NearestName.Find(key, here);
        return "there is no such key, and it is not read" +
            (nearest is null && elsewhere is not null ? $": did you mean [{elsewhere.Section}] {elsewhere.Key}?" : Hint(nearest, "", ""));
    }

    private static string Hint(string? nearest, string before, string after) =>
        nearest is null ? "" : $": did you mean {before}{nearest}{after}?";

    // A class of its own: the order of static fields over several files is not fixed, and this one needs the rows.
    private static class Lookup
    {
        internal static readonly Dictionary<string, SettingKey>.AlternateLookup<ReadOnlySpan<char>> ByName = Index();

        private static Dictionary<string, SettingKey>.AlternateLookup<ReadOnlySpan<char>> Index()
        {
            var index = new Dictionary<string, SettingKey>(Rows.Length, StringComparer.OrdinalIgnoreCase);
            foreach (SettingKey row in Rows)
                index.Add($"{row.Section}:{row.Key}", row);
            return index.GetAlternateLookup<ReadOnlySpan<char>>();
        }
    }
}
