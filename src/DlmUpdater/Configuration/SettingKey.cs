namespace DlmUpdater.Configuration;

/// <summary>One key of the configuration: what it is called, what it is for, and how its value gets into the draft.</summary>
internal sealed class SettingKey
{
    private readonly Func<SettingsDraft, string, string?>? bind;

    private SettingKey(
        string section,
        string key,
        string defaultText,
        string form,
        string description,
        bool isSecret,
        bool mayBeEmpty,
        SettingKey? aliasOf,
        Func<SettingsDraft, string, string?>? bind)
    {
        Section = section;
        Key = key;
        Default = defaultText;
        Form = form;
        Description = description;
        IsSecret = isSecret;
        MayBeEmpty = mayBeEmpty;
        Canonical = aliasOf ?? this;
        this.bind = bind;
    }

    /// <summary>The section, lower case.</summary>
    internal string Section { get; }

    /// <summary>The key, lower case.</summary>
    internal string Key { get; }

    /// <summary>What holds if the key is not set, as it would be written; empty = nothing.</summary>
    internal string Default { get; }

    /// <summary>What to write.</summary>
    internal string Form { get; }

    /// <summary>What the key is for: one line.</summary>
    internal string Description { get; }

    /// <summary>True if the value itself is a secret: no complaint repeats it, and no file that all can read may hold it.</summary>
    internal bool IsSecret { get; }

    /// <summary>True if the key may stand there without a value, which then means the default. False unless the row says otherwise: without the key
    /// there may be no restriction, another lock or another directory, and an empty value, such as a variable that was never filled in, must not
    /// lead there. What means it has a word: <c>always</c>, <c>none</c>, <c>system</c>.</summary>
    internal bool MayBeEmpty { get; }

    /// <summary>What to say of the key without a value.</summary>
    internal string EmptyText => $"has no value: write {Form}, or remove the key";

    /// <summary>The key that this one is an old spelling of; else itself. Both set the same value.</summary>
    internal SettingKey Canonical { get; }

    /// <summary>The value with the word of today for an old one.</summary>
    internal Func<string, string> Today { get; private init; } = static text => text;

    /// <summary>The name of its environment variable: dots become underscores, case does not matter.</summary>
    internal string EnvironmentName => ConfigurationEnvironment.NameOf(Section, Key);

    /// <summary>Reads a value into <paramref name="draft"/>. Null, or what is wrong with it.</summary>
    internal string? Bind(SettingsDraft draft, string value) => Canonical.bind!(draft, value);

    /// <summary>A key.</summary>
    /// <param name="section">The section.</param>
    /// <param name="key">The key.</param>
    /// <param name="defaultText">What holds without it, as it would be written.</param>
    /// <param name="form">What is written.</param>
    /// <param name="description">What it is for.</param>
    /// <param name="set">Takes the value.</param>
    /// <param name="isSecret">See <see cref="IsSecret"/>.</param>
    /// <param name="mayBeEmpty">True only where the default is the strictest value, or restricts nothing and opens nothing: see <see cref="MayBeEmpty"/>.</param>
    internal static SettingKey Of<T>(
        string section,
        string key,
        string defaultText,
        ValueForm<T> form,
        string description,
        Action<SettingsDraft, T> set,
        bool isSecret = false,
        bool mayBeEmpty = false) =>
        new(section, key, defaultText, form.Text, description, isSecret, mayBeEmpty, null, (draft, text) =>
        {
            string? wrong = form.Read(text, out T value);
            if (wrong is null)
                set(draft, value);
            return wrong;
        })
        {
            Today = form.Today,
        };

    /// <summary>A key of a later version: setting it is an error, since a key that is taken and ignored would be dangerous.</summary>
    internal static SettingKey NotYet(string section, string key, string description, string wrong) =>
        new(section, key, "", "not in this version", description, false, false, null, (_, _) => wrong);

    /// <summary>Another spelling of <paramref name="of"/>.</summary>
    internal static SettingKey Alias(string section, string key, SettingKey of) =>
        new(section, key, of.Default, of.Form, $"The same as [{of.Section}] {of.Key}.", of.IsSecret, of.MayBeEmpty, of, null);
}
