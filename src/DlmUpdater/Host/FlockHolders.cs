using System.Globalization;
using System.Text;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Host;

/// <summary>A process that has an flock on a file.</summary>
/// <param name="Pid">Its id.</param>
/// <param name="RealUid">Who started it.</param>
/// <param name="Uid">As whom it acts.</param>
/// <param name="Command">Its command line, fit for a terminal and cut.</param>
/// <param name="CanWrite">True if it has the file open for writing, as an instance of this program has.</param>
/// <param name="IsProved">True if the kernel shows the lock on a descriptor of this process; false if only the table of all locks names it.</param>
internal sealed record FlockHolder(int Pid, uint RealUid, uint Uid, string Command, bool CanWrite, bool IsProved)
{
    /// <summary>True if it is proved to be no instance of this program that shares the file: an instance has it open for writing, and runs as root or as this user.</summary>
    internal bool IsForeign => IsProved && !CanWrite && IsOther(RealUid) && IsOther(Uid);

    /// <summary>For a sentence: <c>pid 4711 of uid 1000 ('sleep 60')</c>.</summary>
    internal string Describe() => string.Create(CultureInfo.InvariantCulture, $"pid {Pid} of uid {RealUid} ('{Command}')");

    private static bool IsOther(uint uid) => uid != 0 && uid != Native.geteuid();
}

/// <summary>Finds out who has an flock on a file. Reads /proc only, and only when somebody has one.</summary>
internal static class FlockHolders
{
    private const int LongestCommand = 80;

    private static ReadOnlySpan<byte> FlagsField => "flags:"u8;

    private static ReadOnlySpan<byte> LockField => "lock:"u8;

    /// <summary>The processes that have an flock on <paramref name="file"/>. Empty: there is none, or none that can be seen from here.</summary>
    /// <param name="file">The file.</param>
    /// <param name="everywhere">True to look at every process even if the table of all locks does not know of one: it hides those of other containers.</param>
    internal static List<FlockHolder> Find(in FileFacts file, bool everywhere)
    {
        var holders = new List<FlockHolder>();
        HashSet<int> named = Named(file.Inode);
        foreach (int pid in named)
        {
            if (Examine(pid, file, isNamed: true) is { } holder)
                holders.Add(holder);
        }

        // A lock can outlive the process that took it, in a child: then the table names a process that is gone.
        if (holders.Count > 0 || (named.Count == 0 && !everywhere))
            return holders;
        foreach (string directory in Entries("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
                && Examine(pid, file, isNamed: false) is { } holder)
                holders.Add(holder);
        }

        return holders;
    }

    /// <summary>The process <paramref name="pid"/>, if it has an flock on <paramref name="file"/>.</summary>
    internal static FlockHolder? Examine(int pid, in FileFacts file) => Examine(pid, file, isNamed: false);

    /// <summary>True if <paramref name="pid"/> runs the program that this process runs, also if its file was replaced since.</summary>
    internal static bool RunsThisProgram(int pid)
    {
        const string Replaced = " (deleted)";
        string? theirs = FileFacts.TargetOf($"/proc/{pid}/exe");
        if (theirs is not null && theirs.EndsWith(Replaced, StringComparison.Ordinal))
            theirs = theirs[..^Replaced.Length];
        return theirs is not null && FileFacts.TargetOf("/proc/self/exe") is { } ours
            && Path.GetFileName(theirs) == Path.GetFileName(ours.EndsWith(Replaced, StringComparison.Ordinal) ? ours[..^Replaced.Length] : ours);
    }

    /// <summary>The processes that /proc/locks names for a file with this inode number; of another file system too, so each is looked at.</summary>
    private static HashSet<int> Named(ulong inode)
    {
        var pids = new HashSet<int>();
        if (RegularFile.Read("/proc/locks", 1 << 24) is not FileReading.Content content)
            return pids;
        string end = ":" + inode.ToString(CultureInfo.InvariantCulture);
        foreach (string line in Encoding.ASCII.GetString(content.Bytes).Split('\n'))
        {
            // 1: FLOCK  ADVISORY  WRITE 4711 00:19:1234 0 EOF
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length >= 6 && fields[1] == "FLOCK" && fields[5].EndsWith(end, StringComparison.Ordinal)
                && int.TryParse(fields[4], NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && pid > 0)
                pids.Add(pid);
        }

        return pids;
    }

    private static FlockHolder? Examine(int pid, in FileFacts file, bool isNamed)
    {
        string process = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}");
        bool canList = false;
        foreach (string entry in Entries(process + "/fd"))
        {
            canList = true;
            if (!Native.TryStatTarget(entry, out FileFacts open) || !open.IsSameFile(file))
                continue;
            (uint flags, bool hasLock) = Descriptor(process + "/fdinfo/" + Path.GetFileName(entry));
            if (hasLock || isNamed)
                return Process(pid, process, (flags & 3) != Native.O_RDONLY, hasLock);
        }

        // The descriptors of another user's process are for root alone; the table of locks is for all.
        return isNamed && !canList ? Process(pid, process, canWrite: false, isProved: false) : null;
    }

    private static (uint Flags, bool HasLock) Descriptor(string path)
    {
        (uint flags, bool hasLock) = (0, false);
        if (RegularFile.Read(path, 1 << 16) is not FileReading.Content content)
            return default;
        foreach (Range range in content.Bytes.AsSpan().Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = content.Bytes.AsSpan()[range];
            if (line.StartsWith(FlagsField))
            {
                foreach (byte digit in line[FlagsField.Length..].Trim(" \t"u8))
                    flags = (flags * 8) + (uint)(digit - '0');
            }
            else if (line.StartsWith(LockField))
            {
                hasLock |= line.IndexOf(" FLOCK "u8) >= 0;
            }
        }

        return (flags, hasLock);
    }

    private static FlockHolder? Process(int pid, string process, bool canWrite, bool isProved)
    {
        if (RegularFile.Read(process + "/status", 1 << 16) is not FileReading.Content status)
            return null;
        foreach (string line in Encoding.ASCII.GetString(status.Bytes).Split('\n'))
        {
            string[] fields = line.Split('\t');
            if (fields is ["Uid:", var real, var effective, ..] && uint.TryParse(real, out uint realUid) && uint.TryParse(effective, out uint uid))
                return new FlockHolder(pid, realUid, uid, Command(process), canWrite, isProved);
        }

        return null;
    }

    private static string Command(string process)
    {
        byte[] bytes = RegularFile.Read(process + "/cmdline", 1 << 16) is FileReading.Content { Bytes: { Length: > 0 } arguments } ? arguments
            : RegularFile.Read(process + "/comm", 4096) is FileReading.Content name ? name.Bytes : [];
        string text = OutputText.Clean(Array.ConvertAll(bytes.AsSpan().TrimEnd("\0\n"u8).ToArray(), b => b == 0 ? (byte)' ' : b));
        return text.Length > LongestCommand ? text[..LongestCommand] + "…" : text;
    }

    /// <summary>The names in a directory of /proc; none if it cannot be listed, or ends while it is.</summary>
    private static List<string> Entries(string directory)
    {
        var found = new List<string>();
        try
        {
            found.AddRange(Directory.EnumerateFileSystemEntries(directory));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process has ended, or its descriptors are not for this user.
        }

        return found;
    }
}
