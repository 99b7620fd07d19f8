using System.Runtime.InteropServices;
using System.Text;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>What the kernel says of one file.</summary>
internal readonly record struct FileFacts(uint Uid, uint Mode, bool IsNullDevice)
{
    private const int MostTarget = 4096;

    /// <summary>True for a directory.</summary>
    public bool IsDirectory => (Mode & Native.Files.S_IFMT) == Native.Files.S_IFDIR;

    /// <summary>True for a symbolic link.</summary>
    public bool IsLink => (Mode & Native.Files.S_IFMT) == Native.Files.S_IFLNK;

    /// <summary>True for a regular file.</summary>
    public bool IsRegular => (Mode & Native.Files.S_IFMT) == Native.Files.S_IFREG;

    /// <summary>The mode as people write it, such as 0775.</summary>
    public string ModeText => "0" + Convert.ToString(Mode & 0xFFF, 8).PadLeft(3, '0');

    /// <summary>Looks at <paramref name="path"/>. Null, and the errno, if that fails.</summary>
    public static unsafe FileFacts? Read(string path, bool follow, out int error)
    {
        Native.Files.Statx found;
        int flags = follow ? 0 : Native.Files.AT_SYMLINK_NOFOLLOW;
        bool read = Native.Files.statx(Native.Files.AT_FDCWD, path, flags, Native.Files.STATX_BASIC_STATS, &found) == 0;
        error = read ? 0 : Marshal.GetLastPInvokeError();
        return read ? From(found) : null;
    }

    /// <summary>Looks at an open file.</summary>
    public static unsafe FileFacts? Read(int fd)
    {
        Native.Files.Statx found;
        return Native.Files.statx(fd, "", Native.Files.AT_EMPTY_PATH, Native.Files.STATX_BASIC_STATS, &found) == 0 ? From(found) : null;
    }

    /// <summary>Where the link <paramref name="path"/> points to; null if that cannot be read.</summary>
    public static unsafe string? Target(string path)
    {
        byte* buffer = stackalloc byte[MostTarget];
        nint length = Native.Files.readlink(path, buffer, MostTarget);
        return length <= 0 ? null : Encoding.UTF8.GetString(buffer, (int)length);
    }

    private static FileFacts From(in Native.Files.Statx found) =>
        new(found.Uid, found.Mode, (found.Mode & Native.Files.S_IFMT) == Native.Files.S_IFCHR && found is { DeviceMajor: 1, DeviceMinor: 3 });
}
