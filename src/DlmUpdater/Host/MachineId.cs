using System.Text;
using DlmUpdater.Core.Scripts;

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

    /// <summary>Where hosts without DNS keep their names.</summary>
    internal const string HostsPath = "/etc/hosts";

    /// <summary>The id of this host for one application (machine-id(5), sd_id128_get_machine_app_specific): the same on every start,
    /// another one for each application, and no way leads back from it to the machine id.</summary>
    /// <param name="machine">32 hexadecimal digits.</param>
    /// <param name="application">The application's own id, 32 hexadecimal digits.</param>
    internal static string AppSpecific(string machine, string application)
    {
        byte[] id = Hmac(Convert.FromHexString(machine), Convert.FromHexString(application))[..16];
        // The marks of a UUID of version 4.
        id[6] = (byte)((id[6] & 0x0f) | 0x40);
        id[8] = (byte)((id[8] & 0x3f) | 0x80);
        return Convert.ToHexStringLower(id);
    }

    /// <summary>This host's name with its domain, as far as the host itself knows it: the kernel's name, else what the hosts file calls it.
    /// DNS is not asked: a name that changes while DNS is away would lose the lock that it holds.</summary>
    /// <param name="hostName">The kernel's name.</param>
    /// <param name="hosts">What the hosts file holds.</param>
    /// <returns>The kernel's name if there is no longer one.</returns>
    internal static string FullName(string hostName, string hosts)
    {
        if (hostName.Contains('.', StringComparison.Ordinal)) return hostName;
        foreach (string line in hosts.Split('\n'))
        {
            string[] words = line.Split('#')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 3 || !Array.Exists(words[1..], w => w.Equals(hostName, StringComparison.OrdinalIgnoreCase))) continue;
            foreach (string name in words[1..])
            {
                if (name.Contains('.', StringComparison.Ordinal) && IsUsableHostName(name)) return name;
            }
        }

        return hostName;
    }

    /// <summary>This host's name with its domain; empty if it has none at all.</summary>
    internal static string FullName() =>
        FullName(
            HostName(), RegularFile.Read(HostsPath, 1 << 20) is FileReading.Content content ? Encoding.UTF8.GetString(content.Bytes) : "");

    /// <summary>True for a host name that tells one host from another.</summary>
    internal static bool IsUsableHostName(string name)
    {
        string first = name.Split('.')[0];
        return first.Length > 0
            && !first.StartsWith("localhost", StringComparison.OrdinalIgnoreCase)
            && !name.Equals("(none)", StringComparison.Ordinal)
            && !name.AsSpan().ContainsAnyExceptInRange('!', '~');
    }

    /// <summary>HMAC-SHA256 (RFC 2104) for keys of at most one block. The base library's needs OpenSSL, which plain HTTP does
    /// not.</summary>
    private static byte[] Hmac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> text)
    {
        Span<byte> pad = stackalloc byte[64];
        pad.Clear();
        key.CopyTo(pad);
        foreach (ref byte b in pad) b ^= 0x36;
        var inner = new Sha256();
        inner.Append(pad);
        inner.Append(text);
        foreach (ref byte b in pad) b ^= 0x36 ^ 0x5c;
        var outer = new Sha256();
        outer.Append(pad);
        outer.Append(Convert.FromHexString(inner.FinishHex()));
        return Convert.FromHexString(outer.FinishHex());
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
    /// <summary>Not null if the name is the host name in place of a machine id: one line that says why, for the log.</summary>
    internal string? Fallback { get; init; }

    private const int LongestName = 255;

    /// <summary>The id by which zincati derives a host's id at FleetLock: hosts keep their slots when they change the client.</summary>
    private const string FleetLockApplication = "de35106b6ec24688b63afddaa156679b";

    /// <summary>At the file service: <c>[lock] holder</c>, else the machine id, else the host name.</summary>
    internal static HolderName ForFileService(string? configured, string? recorded) =>
        ForFileService(configured, MachineId.Read(), MachineId.HostName(), recorded);

    /// <summary>The choice, with everything it depends on.</summary>
    /// <param name="configured"><c>[lock] holder</c>.</param>
    /// <param name="machine">The machine id.</param>
    /// <param name="hostName">The host name.</param>
    /// <param name="recorded">The host name that an open run recorded while there was no machine id; null = none. It is kept only while
    /// this host still has that name: a clone of a disk must not continue the run of another host.</param>
    internal static HolderName ForFileService(string? configured, MachineIdReading machine, string hostName, string? recorded = null)
    {
        if (configured is not null)
            return Configured(configured, "[lock] holder");
        bool isUsable = MachineId.IsUsableHostName(hostName);
        if (machine.Id is not null && (!isUsable || recorded != hostName))
            return new(machine.Id, "");
        if (machine.Id is not null)
            return new(hostName, "") { Fallback = $"the open run began without a machine id under the host name '{hostName}', and keeps this holder until it is done" };
        return isUsable
            ? new(hostName, "")
            {
                Fallback = $"{machine.Why}: the lock's holder is the host name '{hostName}', which another host may have too; run systemd-machine-id-setup, or set [lock] holder",
            }
            : new(null, $"this host has no name to hold a lock with ({machine.Why}, and its host name '{hostName}' is not its own): "
                + "set [lock] holder");
    }

    /// <summary>At DLMEngine: <c>[lock] holder</c>, else this host's name with its domain.</summary>
    internal static HolderName ForDlmEngine(string? configured) => ForDlmEngine(configured, MachineId.FullName());

    /// <summary>The choice, with everything it depends on.</summary>
    internal static HolderName ForDlmEngine(string? configured, string fullName)
    {
        if (configured is not null)
            return Configured(configured, "[lock] holder");
        return MachineId.IsUsableHostName(fullName)
            ? new(fullName, "")
            : new(null, $"this host has no name to hold a lock with (its host name '{fullName}' is not its own): set [lock] holder");
    }

    /// <summary>At FleetLock: <c>[fleetlock] id</c>, else <c>[lock] holder</c>, else the machine id as FleetLock's own clients derive
    /// it.</summary>
    internal static HolderName ForFleetLock(string? id, string? holder) => ForFleetLock(id, holder, MachineId.Read());

    /// <summary>The choice, with everything it depends on.</summary>
    internal static HolderName ForFleetLock(string? id, string? holder, MachineIdReading machine)
    {
        if (id is not null)
            return Configured(id, "[fleetlock] id");
        if (holder is not null)
            return Configured(holder, "[lock] holder");
        return machine.Id is not null
            ? new(MachineId.AppSpecific(machine.Id, FleetLockApplication), "")
            : new(null, $"this host has no id to hold a lock with ({machine.Why}): set [fleetlock] id");
    }

    private static HolderName Configured(string name, string key) =>
        name.Length is > 0 and <= LongestName && !name.AsSpan().ContainsAnyInRange('\0', '\x1f')
            ? new(name, "")
            : new(null, $"{key} must be 1 to {LongestName} characters without control characters: correct it");
}
