namespace DlmUpdater.Core.Settings;

/// <summary>A password or key that must not appear in a log: it shows itself only to who asks for it by name.</summary>
public sealed class SecretText
{
    private readonly string? value;

    /// <summary>A secret.</summary>
    public SecretText(string value) => this.value = value;

    private SecretText()
    {
    }

    /// <summary>Stands for a secret that is configured but was not read, as for verbs that never talk to the lock service.</summary>
    public static SecretText NotRead { get; } = new();

    /// <summary>False for <see cref="NotRead"/>.</summary>
    public bool IsRead => value is not null;

    /// <summary>The secret itself. Throws for <see cref="NotRead"/>: asking for it is a bug.</summary>
    public string Reveal() => value ?? throw new InvalidOperationException("The secret was not read.");

    /// <summary>A placeholder, never the secret.</summary>
    public override string ToString() => "(secret)";
}
