using DlmUpdater.Configuration.Adopted;

namespace DlmUpdater.Configuration;

/// <summary>A value that somebody set.</summary>
/// <param name="Written">The key as it was spelled: itself, or an alias.</param>
/// <param name="Text">The value, trimmed; empty = back to the default.</param>
/// <param name="Place">Where.</param>
internal readonly record struct ConfiguredValue(SettingKey Written, string Text, Place Place);

/// <summary>The values of all layers; a later layer wins over an earlier one.</summary>
internal sealed class ConfiguredValues(Findings findings)
{
    private readonly Dictionary<SettingKey, ConfiguredValue> values = [];

    /// <summary>Whose configuration the main file is.</summary>
    internal OldTool Tool { get; set; }

    /// <summary>What a key is called where it stands, or in the file where it is missing.</summary>
    internal string NameOf(SettingKey key) =>
        (values.TryGetValue(key.Canonical, out ConfiguredValue value) && !value.Place.IsImplied ? value.Place.Origin ?? value.Written.Key : null)
        ?? OldKeyNames.Of(Tool, key) ?? key.Key;

    /// <summary>Takes a value of our own files, variables and options. One that is empty, blank or only quotes is no way to say "not set".</summary>
    internal void Set(SettingKey key, string text, Place place)
    {
        bool isEmpty = text.AsSpan().Trim().Trim("'\"").IsWhiteSpace();
        if (isEmpty && !key.MayBeEmpty)
            findings.Add(Severity.NewRuns, place, key.Section, key.Key, key.EmptyText);
        Adopt(key, isEmpty ? "" : text, place);
    }

    /// <summary>Takes a value of an older tool's configuration, where an empty one is not set. Two spellings of one key in one layer must not contradict each other.</summary>
    internal void Adopt(SettingKey key, string text, Place place)
    {
        text = text.Trim();
        foreach (char c in text)
        {
            if (char.IsControl(c) && c != '\t')
            {
                findings.Add(Severity.Error, place, key.Section, key.Key,
                    $"the value holds the control character U+{(int)c:X4}: remove it");
                return;
            }
        }

        if (values.TryGetValue(key.Canonical, out ConfiguredValue old) && old.Place.Layer == place.Layer && old.Text.Length > 0)
        {
            if (text.Length > 0 && text != old.Text)
            {
                findings.Add(Severity.Error, place, key.Section, key.Key,
                    $"contradicts [{old.Written.Section}] {old.Written.Key} ({old.Place}), which sets the same: keep one");
            }

            return;
        }

        values[key.Canonical] = new ConfiguredValue(key, text, place);
    }

    /// <summary>What is set; null if nothing is.</summary>
    internal string? TextOf(SettingKey key) => values.TryGetValue(key.Canonical, out ConfiguredValue value) && value.Text.Length > 0 ? value.Text : null;

    /// <summary>For texts of other parts: the keys that the older tool's file in use has under another name, unless a file of ours sets them.</summary>
    internal IReadOnlyList<(string Ours, string Theirs)> OldNames() => Tool == OldTool.None ? [] :
        [.. OldKeyNames.All(Tool).Where(row => NameOf(row.Key) != row.Key.Key).Select(row => ($"[{row.Key.Section}] {row.Key.Key}", row.Name))];

    /// <summary>True if nothing is set at all.</summary>
    internal bool IsEmpty => values.Count == 0;

    /// <summary>Every value that is set, in the order of the catalog.</summary>
    internal IEnumerable<(SettingKey Key, ConfiguredValue Value)> All()
    {
        foreach (SettingKey key in SettingsCatalog.Keys)
        {
            if (key.Canonical == key && values.TryGetValue(key, out ConfiguredValue value) && value.Text.Length > 0)
                yield return (key, value);
        }
    }

    /// <summary>True if the key is set, rightly or wrongly.</summary>
    internal bool Has(SettingKey key) => values.TryGetValue(key.Canonical, out ConfiguredValue value) && value.Text.Length > 0;

    /// <summary>True if somebody wrote the key down; false also for what only an older tool implies.</summary>
    internal bool IsWritten(SettingKey key) => values.TryGetValue(key.Canonical, out ConfiguredValue value) && value is { Text.Length: > 0, Place.IsImplied: false };

    /// <summary>Reads every value into a draft and complains of those that cannot be read.</summary>
    internal SettingsDraft Bind()
    {
        var draft = new SettingsDraft();
        foreach ((SettingKey key, ConfiguredValue value) in values)
        {
            if (value.Text.Length == 0 || key.Bind(draft, value.Text) is not string wrong)
                continue;
            bool comment = value.Place.Line > 0 && !wrong.Contains("comment", StringComparison.Ordinal) &&
                (value.Text.Contains(" #", StringComparison.Ordinal) || value.Text.Contains(" ;", StringComparison.Ordinal));
            findings.Add(Severity.Error, value.Place, value.Written.Section, value.Written.Key,
                comment ? wrong + "; a comment must stand on a line of its own" : wrong);
        }

        return draft;
    }

    /// <summary>Complains of a key that can be read but is wrong among the others, or that is missing.</summary>
    /// <param name="key">The key.</param>
    /// <param name="missingAt">Where it should stand, if it is not set.</param>
    /// <param name="text">What is wrong.</param>
    /// <param name="severity">How bad it is.</param>
    internal void Complain(SettingKey key, Place missingAt, string text, Severity severity = Severity.Error)
    {
        if (values.TryGetValue(key.Canonical, out ConfiguredValue value) && !value.Place.IsImplied)
            findings.Add(severity, value.Place, value.Written.Section, value.Written.Key, text);
        else
            findings.Add(severity, OldKeyNames.Of(Tool, key) is { } name ? missingAt with { Origin = name } : missingAt, key.Section, key.Key, text);
    }
}
