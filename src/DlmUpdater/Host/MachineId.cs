using System.Text;

namespace DlmUpdater.Host;

/// <summary>The machine id, or why it must not be used.</summary>
/// <param name="Id">32 lower-case hexadecimal digits; null if there is none to use.</param>
/// <param name="Why">A sentence part; empty if there is an id.</param>
internal readonly record struct MachineIdReading(string? Id, string Why);

/// <summary>Names that tell this host from all others.</summary>
internal static class MachineId
{
    /// <summary>Where systemd keeps it.</summary>
    internal const string DefaultPath = "/etc/machine-id";

    /// <summary>Reads and checks it. An unset id, or one that can only come from a cloned image, is refused: two hosts that share
    /// an id share the lock too.</summary>
    internal static MachineIdReading Read(string path = DefaultPath) => RegularFile.Read(path, 4096) switch
    {
        FileReading.Content content => Check(path, Encoding.ASCII.GetString(content.Bytes).Trim('\n', '\r', ' ')),
        FileReading.Missing => new(null, $"{path} does not exist"),
        FileReading.NotAFile not => new(null, $"{path} {not.What}"),
        FileReading.Failed failed => new(null, $"{path} cannot be read ({FileErrors.Text(failed.Errno)})"),
        _ => new(null, $"{path} cannot be read"),
    };

    /// <summary>The name of this host in the kernel (<c>uname -n</c>), domain included; empty if it cannot be told.</summary>
    internal static unsafe string HostName()
    {
        const int Field = 65;
        byte* buffer = stackalloc byte[6 * Field];
        if (Native.ReadUtsName(buffer) != 0)
            return "";
        var name = new ReadOnlySpan<byte>(buffer + Field, Field);
        int end = name.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? name : name[..end]);
    }

    /// <summary>True for a host name that tells one host from another.</summary>
    internal static bool IsUsableHostName(string name)
    {
        string first = name.Split('.')[0];
        return first.Length > 0
            && !first.StartsWith("localhost", StringComparison.OrdinalIgnoreCase)
            && !name.Equals("(none)", StringComparison.Ordinal)
            && !name.AsSpan().ContainsAnyExceptInRange('!', '~');
    }

    private static MachineIdReading Check(string path, string id)
    {
        if (id.Length == 0)
            return new(null, $"{path} is empty");
        if (id == "uninitialized")
            return new(null, $"{path} is not initialised yet");
        if (id.Length != 32 || id.AsSpan().ContainsAnyExcept(System.Buffers.SearchValues.Create("0123456789abcdefABCDEF")))
            return new(null, $"{path} does not hold 32 hexadecimal digits");
        if (!id.AsSpan().ContainsAnyExcept(id[0]))
            return new(null, $"{path} holds the same digit 32 times, which is no host's own id");
        return new(id.ToLowerInvariant(), "");
    }
}

/// <summary>This host's name at a lock service, or why it has none.</summary>
/// <param name="Name">The name; null if there is none to use.</param>
/// <param name="Why">One line that says what to set; empty if there is a name.</param>
internal readonly record struct HolderName(string? Name, string Why)
{
    private const int LongestName = 255;

    /// <summary>At the file service: <c>[lock] holder</c>, else the machine id, else the host name.</summary>
    internal static HolderName ForFileService(string? configured) =>
        ForFileService(configured, MachineId.Read(), MachineId.HostName());

    /// <summary>The choice, with everything it depends on.</summary>
    internal static HolderName ForFileService(string? configured, MachineIdReading machine, string hostName)
    {
        if (configured is not null)
        {
            return configured.Length is > 0 and <= LongestName && !configured.AsSpan().ContainsAnyInRange('\0', '\x1f')
                ? new(configured, "")
                : new(null, $"[lock] holder must be 1 to {LongestName} characters without control characters: correct it");
        }
        if (machine.Id is not null)
            return new(machine.Id, "");
        return MachineId.IsUsableHostName(hostName)
            ? new(hostName, "")
            : new(null, $"this host has no name to hold a lock with ({machine.Why}, and its host name '{hostName}' is not its own): set [lock] holder");
    }
}
