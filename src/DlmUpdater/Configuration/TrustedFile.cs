using System.Runtime.InteropServices;
using DlmUpdater.Host;
using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.Configuration;

/// <summary>What opening a file gave.</summary>
internal abstract record FileContent
{
    /// <summary>It was read.</summary>
    /// <param name="Bytes">The whole content.</param>
    /// <param name="Mode">The permission bits.</param>
    /// <param name="Owner">The user id of the owner.</param>
    internal sealed record Read(byte[] Bytes, int Mode, uint Owner) : FileContent;

    /// <summary>It, or a directory above it, does not exist.</summary>
    internal sealed record Missing : FileContent;

    /// <summary>It is <c>/dev/null</c>, or a link to it.</summary>
    internal sealed record NullDevice : FileContent;

    /// <summary>It cannot be used. <paramref name="Why"/>: the rest of a sentence that begins with the path.</summary>
    internal sealed record Unusable(string Why) : FileContent;
}

/// <summary>Reads small files that are owned by root: never waits for a FIFO, never reads without an end, and takes no flock, since with an
/// flock of their own on a file that they may read users could keep this program from starting.</summary>
internal static class TrustedFile
{
    /// <summary>Reads the whole of <paramref name="path"/>.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="mostBytes">A longer file is unusable.</param>
    internal static FileContent Read(string path, int mostBytes)
    {
        using SafeFileHandle handle = Native.OpenHandle(path, Native.O_RDONLY | Native.O_NONBLOCK | Native.O_NOCTTY | Native.O_CLOEXEC, 0);
        if (handle.IsInvalid || !Native.TryStat(handle, out FileFacts facts))
            return OfError(Marshal.GetLastPInvokeError());
        if (facts.IsNullDevice)
            return new FileContent.NullDevice();
        if (facts.Kind != FileKind.Regular)
        {
            return new FileContent.Unusable(facts.Kind switch
            {
                FileKind.Directory => "is a directory, not a file",
                FileKind.Fifo => "is a FIFO: write it to a regular file",
                _ => "is a device or a socket, not a file",
            });
        }

        if (facts.Size > mostBytes)
            return TooBig(mostBytes);
        try
        {
            // The size is only a hint: the file may grow, and files of /proc have none.
            var bytes = new byte[(int)facts.Size + 1];
            int length = 0;
            for (int got; (got = RandomAccess.Read(handle, bytes.AsSpan(length), length)) > 0;)
            {
                length += got;
                if (length > mostBytes)
                    return TooBig(mostBytes);
                if (length == bytes.Length)
                    Array.Resize(ref bytes, Math.Min(length * 2 + 1024, mostBytes + 1));
            }

            Array.Resize(ref bytes, length);
            return new FileContent.Read(bytes, facts.Mode, facts.Uid);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new FileContent.Unusable($"cannot be read: {FileErrors.Text(e)}");
        }
    }

    /// <summary>Null if only root, or the user of this process, can have written the file; else what is wrong and how to fix it.</summary>
    internal static string? OthersMayWrite(string path, int mode, uint owner)
    {
        if (owner != 0 && owner != Native.geteuid())
            return $"belongs to user {owner}, who could run anything as root with it: chown root {Display.Plain(path)}";
        return (mode & 0x12) == 0
            ? null
            : $"is writable by group or others (mode {Octal(mode)}), who could run anything as root with it: " +
                $"chmod go-w {Display.Plain(path)}";
    }

    /// <summary>Null if only root, or the user of this process, can put another file in the place of <paramref name="path"/>: who can write to a directory above it, or
    /// change a link on the way, decides what is read. Else what is wrong.</summary>
    internal static string? OthersMayReplace(string path, TrustChain chain)
    {
        IReadOnlyList<string> reasons = chain.Check(path).Reasons;
        return reasons.Count == 0 ? null : $"can be replaced by others, who could run anything as root with it: {Display.Plain(string.Join("; ", reasons))}";
    }

    /// <summary>The rules for the way to a file that is read as configuration.</summary>
    internal static TrustChain NewChain() => new(Native.geteuid(), readOnlyIsSafe: true);

    /// <summary>Null if others than owner and group cannot read the file; else what is wrong and how to fix it.</summary>
    internal static string? OthersMayRead(string path, int mode) => (mode & 0x7) == 0
        ? null
        : $"can be used by every user of this host (mode {Octal(mode)}): chmod o= {Display.Plain(path)}";

    private static string Octal(int mode) => "0" + Convert.ToString(mode & 0xFFF, 8).PadLeft(3, '0');

    private static FileContent.Unusable TooBig(int mostBytes) => new($"is larger than {mostBytes / 1024} KiB: this is no such file");

    private static FileContent OfError(int error) => error switch
    {
        Native.ENOENT => new FileContent.Missing(),
        Native.EACCES or Native.EPERM => new FileContent.Unusable("cannot be read: permission denied; run as root, or change its mode"),
        Native.ENXIO => new FileContent.Unusable("is a device or a socket, not a file"),
        Native.ENOTDIR => new FileContent.Unusable("cannot be read: a part of its path is not a directory"),
        Native.ELOOP => new FileContent.Unusable("cannot be read: a link leads back to itself"),
        Native.ENAMETOOLONG => new FileContent.Unusable("cannot be read: its name is too long"),
        _ => new FileContent.Unusable($"cannot be read: {Marshal.GetPInvokeErrorMessage(error)} (errno {error})"),
    };
}
