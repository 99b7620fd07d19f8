namespace DlmUpdater.Core.Locking;

/// <summary>Recognizes a holder that may be this host under another name. Where a host tells its own name, as at DLMEngine, an older tool
/// may have told
/// <c>localhost</c> or the short name, and then the lock seems to be another host's.</summary>
public static class HolderSpelling
{
    /// <summary>A clause that says what to do, with its separator; empty if no holder looks like this host.</summary>
    /// <param name="lock">The lock, and this host's name there.</param>
    /// <param name="holders">Who holds it.</param>
    public static string Hint(LockIdentity @lock, IEnumerable<LockHolder> holders)
    {
        // Foreman, etcd and FleetLock know a host by its certificate or its machine id.
        if (@lock.Service is not ("dlmengine" or "file")) return "";
        return holders.FirstOrDefault(h => !h.IsUs && MayBeOneHost(h.Id, @lock.Holder)) is { } holder
            ? $"; if '{holder.Id}' is this host ({@lock.Holder}) under another name, set [lock] holder = {holder.Id} and start again, "
                + $"or free the lock with 'dlm-updater lock unlock {holder.Id}'"
            : "";
    }

    /// <summary>True if both may name one host: without regard to case, one of them is a name of the loopback, or both have the same first
    /// label and one of them
    /// has no other.</summary>
    public static bool MayBeOneHost(string one, string other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        if (one.Equals(other, StringComparison.OrdinalIgnoreCase)) return true;
        string a = FirstLabel(one), b = FirstLabel(other);
        return IsLoopback(a) || IsLoopback(b) || (a.Equals(b, StringComparison.OrdinalIgnoreCase) && (a == one || b == other));
    }

    private static bool IsLoopback(string label) => label.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || label.Equals("localhost4", StringComparison.OrdinalIgnoreCase) || label.Equals("localhost6", StringComparison.OrdinalIgnoreCase);

    private static string FirstLabel(string name) => name.Split('.')[0];
}
