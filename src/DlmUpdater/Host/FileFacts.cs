using System.Runtime.InteropServices;
using System.Text;

namespace DlmUpdater.Host;

/// <summary>struct timespec of a 64-bit kernel.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct TimeSpec(long Seconds, long Nanoseconds)
{
    /// <summary>As a length of time.</summary>
    internal TimeSpan ToTimeSpan() => new((Seconds * TimeSpan.TicksPerSecond) + (Nanoseconds / 100));

    /// <summary>As a wall clock time.</summary>
    internal DateTimeOffset ToTime() => DateTimeOffset.UnixEpoch + ToTimeSpan();
}

/// <summary>The type bits of a file's mode.</summary>
internal enum FileKind
{
    /// <summary>A named pipe.</summary>
    Fifo = 0x1000,

    /// <summary>A character device.</summary>
    CharacterDevice = 0x2000,

    /// <summary>A directory.</summary>
    Directory = 0x4000,

    /// <summary>A block device.</summary>
    BlockDevice = 0x6000,

    /// <summary>A regular file.</summary>
    Regular = 0x8000,

    /// <summary>A symbolic link.</summary>
    Link = 0xA000,

    /// <summary>A socket.</summary>
    Socket = 0xC000,
}

/// <summary>Words for kinds of file.</summary>
internal static class FileKinds
{
    /// <summary>For a sentence: <c>a directory</c>.</summary>
    internal static string Describe(this FileKind kind) => kind switch
    {
        FileKind.Fifo => "a named pipe",
        FileKind.Directory => "a directory",
        FileKind.CharacterDevice or FileKind.BlockDevice => "a device",
        FileKind.Link => "a symbolic link",
        FileKind.Socket => "a socket",
        _ => "a regular file",
    };
}

/// <summary>What the kernel says of a file.</summary>
internal readonly record struct FileFacts
{
    /// <summary>What kind of file it is.</summary>
    internal FileKind Kind { get; init; }

    /// <summary>The twelve permission bits.</summary>
    internal int Mode { get; init; }

    /// <summary>The owner.</summary>
    internal uint Uid { get; init; }

    /// <summary>How many names (hard links) it has.</summary>
    internal uint Names { get; init; }

    /// <summary>The inode number.</summary>
    internal ulong Inode { get; init; }

    /// <summary>The device it lies on, first half.</summary>
    internal uint DeviceMajor { get; init; }

    /// <summary>The device it lies on, second half.</summary>
    internal uint DeviceMinor { get; init; }

    /// <summary>The device that it stands for, if it is a device.</summary>
    internal (uint Major, uint Minor) NamesDevice { get; init; }

    /// <summary>In bytes.</summary>
    internal long Size { get; init; }

    /// <summary>When it was last written to.</summary>
    internal TimeSpec Modified { get; init; }

    /// <summary>The device it lies on, in the encoding of st_dev.</summary>
    internal ulong Device => ((DeviceMajor & 0xfffff000ul) << 32) | ((DeviceMajor & 0xffful) << 8) | ((DeviceMinor & 0xffffff00ul) << 12) | (DeviceMinor & 0xff);

    /// <summary>The permission bits as people write them, such as 0775.</summary>
    internal string ModeText => "0" + Convert.ToString(Mode, 8).PadLeft(3, '0');

    /// <summary>True for a directory.</summary>
    internal bool IsDirectory => Kind == FileKind.Directory;

    /// <summary>True for a symbolic link.</summary>
    internal bool IsLink => Kind == FileKind.Link;

    /// <summary>True for a regular file.</summary>
    internal bool IsRegular => Kind == FileKind.Regular;

    /// <summary>True for <c>/dev/null</c>.</summary>
    internal bool IsNullDevice => Kind == FileKind.CharacterDevice && NamesDevice == (1, 3);

    /// <summary>True if both are the same file, not merely equal ones.</summary>
    internal bool IsSameFile(in FileFacts other) => Inode == other.Inode && DeviceMajor == other.DeviceMajor && DeviceMinor == other.DeviceMinor;

    /// <summary>Looks at <paramref name="path"/>. Null, and the error number, if that fails.</summary>
    internal static FileFacts? Read(string path, bool follow, out int error)
    {
        bool found = follow ? Native.TryStatTarget(path, out FileFacts facts) : Native.TryStat(path, out facts);
        error = found ? 0 : Marshal.GetLastPInvokeError();
        return found ? facts : null;
    }

    /// <summary>True only if <paramref name="path"/> does not exist for certain; <c>File.Exists</c> also takes an error for that.</summary>
    internal static bool IsMissing(string path) => Read(path, true, out int error) is null && error is Native.ENOENT or Native.ENOTDIR;

    /// <summary>Looks at an open file; null if the kernel does not tell.</summary>
    internal static FileFacts? Read(int fd) => Native.TryStat(fd, out FileFacts facts) ? facts : null;

    /// <summary>Where the link <paramref name="path"/> points to; null if that cannot be read.</summary>
    internal static unsafe string? TargetOf(string path)
    {
        const int Longest = 4096;
        byte* buffer = stackalloc byte[Longest];
        nint length = Native.Files.readlink(path, buffer, Longest);
        return length <= 0 ? null : Encoding.UTF8.GetString(buffer, (int)length);
    }
}
