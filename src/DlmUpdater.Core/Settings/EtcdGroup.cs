using System.Text;

namespace DlmUpdater.Core.Settings;

/// <summary>What may name a group in etcd. locksmith escapes the name, so that white space, slashes and every other character that prints are
/// allowed; the few exceptions are names that would not arrive as they were meant.</summary>
public static class EtcdGroup
{
    private const int Longest = 1024;

    /// <summary>Null, or why the name cannot be used.</summary>
    public static string? Wrong(string group)
    {
        // etcd takes a key for a path and cleans it: '.' and '..' would name the semaphore of the hosts that have no group.
        if (group is "." or "..") return $"'{group}' cannot name a group: etcd removes it from the key, as a part of a path";
        if (group.Length > Longest) return $"the name of the group is longer than {Longest} characters";
        foreach (Rune rune in group.EnumerateRunes())
        {
            // Two hosts whose configurations look the same must not have different locks.
            if (Rune.IsControl(rune)) return $"the name of the group contains the control character U+{rune.Value:X4}: remove it";
            if (rune == Rune.ReplacementChar) return "the name of the group is not valid UTF-8";
        }

        return null;
    }
}
