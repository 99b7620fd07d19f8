namespace DlmUpdater.Core.Scripts;

/// <summary>What a script says of itself in <c># dlm: name=… timeout=10m run=once|always user=… description=…</c> comment lines near its top.</summary>
/// <param name="Name">A name for people; null = the file name.</param>
/// <param name="Timeout">How long it may run; null = the configured timeout.</param>
/// <param name="RunOnce">True for <c>run=once</c>: recorded after exit 0 and never run again.</param>
/// <param name="User">The user it runs as; null = the user of this process.</param>
/// <param name="Description">One line for <c>plan</c>.</param>
public sealed record ScriptHeader(string? Name = null, TimeSpan? Timeout = null, bool RunOnce = false, string? User = null, string? Description = null)
{
    /// <summary>A script that says nothing.</summary>
    public static ScriptHeader None { get; } = new();
}
