using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>The processes of one script: all that are in the session that it leads. A daemon makes a session of its own and is none of
/// them.</summary>
/// <param name="leader">The script's process. As long as its exit is not collected, or one process of the session lives, no other process
/// can get this number.</param>
/// <param name="isMember">Whether a process of this session and group is the script's; null = every one is.</param>
internal sealed class ProcessSession(int leader, Func<ProcessStat, bool>? isMember = null)
{
    private const int MostShown = 5;
    private const int LongestCommand = 200;

    /// <summary>Its running processes. Under 0.1.0 a script led a process group only.</summary>
    public List<ProcessStat> Members() =>
        ProcessTable.Find(p => (p.Session == leader || p.Group == leader) && isMember?.Invoke(p) != false);

    /// <summary>Asks every process group of the session to end. Not those that appear later: a script may answer SIGTERM with a command of
    /// its own that tidies up.</summary>
    public void Ask(List<ProcessStat> members)
    {
        foreach (int group in Groups(members))
        {
            // A stopped process handles SIGTERM only when it continues.
            _ = Native.kill(-group, Native.SIGTERM);
            _ = Native.kill(-group, Native.Process.SIGCONT);
        }
    }

    /// <summary>Sends SIGKILL to every process group of the session.</summary>
    public void Kill(List<ProcessStat> members)
    {
        foreach (int group in Groups(members))
            _ = Native.kill(-group, Native.SIGKILL);
    }

    /// <summary>Ids and command lines, for the log: <c>pid 812 (dnf -y update), pid 815 (rpm …)</c>.</summary>
    public static string Describe(List<ProcessStat> members)
    {
        IEnumerable<string> shown = members.OrderBy(p => p.Pid).Take(MostShown).Select(p => $"pid {p.Pid} ({Command(p.Pid)})");
        return string.Join(", ", shown) + (members.Count > MostShown ? $" and {members.Count - MostShown} more" : "");
    }

    /// <summary>The leader's own group comes first, also where /proc names none of its members.</summary>
    private int[] Groups(List<ProcessStat> members) =>
        [.. members.Select(p => p.Group).Where(g => g > 1).Prepend(leader).Distinct()];

    private static string Command(int pid)
    {
        string line = TrustChain.Shown(string.Join(' ', ProcessTable.Arguments(pid)));
        return line.Length == 0 ? "no command line" : line.Length <= LongestCommand ? line : line[..LongestCommand] + "…";
    }
}
