namespace DlmUpdater.Core.Locking;

/// <summary>Placeholder.</summary>
public sealed class LockKeeper { }
