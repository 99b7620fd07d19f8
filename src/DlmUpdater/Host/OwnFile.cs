using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.Host;

/// <summary>Why a file of this program could not be opened.</summary>
/// <param name="Errno">The C library's error number; 0: no error.</param>
/// <param name="What">Why the file is not this program's own, such as <c>it is a symbolic link</c>; null: the error number says why.</param>
internal readonly record struct OwnFileError(int Errno, string? What = null)
{
    /// <summary>One line: what happened, to what, and what to do.</summary>
    /// <param name="verb">What was tried, such as <c>write</c>.</param>
    /// <param name="path">To which file.</param>
    /// <param name="setting">The key that moves the file elsewhere.</param>
    internal string Describe(string verb, string path, string setting) => What is null
        ? FileErrors.Describe(verb, path, Errno, setting)
        : $"cannot {verb} {path}: {What}: remove it, or set {setting} to another place";
}

/// <summary>The only way to open a file for writing. What is opened must be this program's own file, not something that a user put in its
/// place: no link is followed in the last part of the path, and the open file must be regular, have one name, and belong to root or to this
/// user. No other user may open it, even for reading: a reader can hold an flock, which would stop every later start.</summary>
internal static class OwnFile
{
    /// <summary>The mode of everything that is written (0600).</summary>
    internal const uint Private = 0x180;

    /// <summary>The mode of what every user may read (0644): only the record of the last start.</summary>
    internal const uint Readable = 0x1A4;

    /// <summary>The mode of a directory below the state and the run directory (0700).</summary>
    internal const uint PrivateDirectory = 0x1C0;

    private const int Tries = 10, MostLinks = 40;

    private const int Always = Native.O_NONBLOCK | Native.O_NOCTTY | Native.O_CLOEXEC;

    /// <summary>Opens <paramref name="path"/>, creates it (0600) if it is missing, and takes from an existing file the mode bits that let
    /// others open it.</summary>
    /// <param name="path">Absolute path. A link in the last part is refused: <see cref="Follow"/> resolves those of root.</param>
    /// <param name="flags">O_RDONLY, O_WRONLY or O_RDWR, with O_APPEND if wanted.</param>
    /// <param name="error">Why it was not opened.</param>
    /// <param name="created">True if the file is new: its directory is not flushed yet.</param>
    /// <param name="keep">Permission bits that an existing file may keep in addition to 0600.</param>
    /// <param name="special">True to allow pipes and devices, where an admin may send a log.</param>
    /// <returns>The descriptor, or -1.</returns>
    internal static int Open(string path, int flags, out OwnFileError error, out bool created, uint keep = 0, bool special = false)
    {
        created = false;
        error = default;
        for (int i = 0; i < Tries; i++)
        {
            int fd = Native.Files.open(path, flags | Always | Native.O_NOFOLLOW, 0);
            int errno = fd < 0 ? FileErrors.Last : 0;
            if (errno == Native.ENOENT)
            {
                fd = Native.Files.open(path, flags | Always | Native.O_NOFOLLOW | Native.O_CREAT | Native.O_EXCL, Private);
                errno = fd < 0 ? FileErrors.Last : 0;
                created = fd >= 0;
            }

            if (created)
                return fd;
            if (fd >= 0)
                return IsOwn(fd, special, out FileFacts facts, out error) ? Tightened(fd, facts, ~(Private | keep)) : Close(fd);

            // Created by another process between the two calls; or removed, if this is the last try.
            error = OfErrno(errno);
            if (errno is not (Native.EEXIST or Native.EINTR))
                return -1;
        }

        return -1;
    }

    /// <summary>The same, as a handle; invalid if it was not opened.</summary>
    internal static SafeFileHandle OpenHandle(string path, int flags, out OwnFileError error, out bool created) =>
        new(Open(path, flags, out error, out created), ownsHandle: true);

    /// <summary>The same for a file that root may have put elsewhere by a link, in a directory that is made (0755) if it is missing.</summary>
    internal static SafeFileHandle OpenInDirectory(string path, int flags, out OwnFileError error, out bool created)
    {
        int fd = OpenLinked(path, flags, out error, out created);
        if (fd < 0 && error.Errno == Native.ENOENT)
        {
            int errno = DurableFile.MakeDirectories(Path.GetDirectoryName(path) ?? "/");
            if (errno == 0)
                fd = OpenLinked(path, flags, out error, out created);
            else
                error = new(errno);
        }

        return new(fd, ownsHandle: true);
    }

    /// <summary>The same for a file that root may have put elsewhere by a link.</summary>
    internal static int OpenLinked(string path, int flags, out OwnFileError error, out bool created, uint keep = 0, bool special = false)
    {
        int fd = Open(path, flags, out error, out created, keep, special);
        if (fd >= 0 || error.Errno != Native.ELOOP)
            return fd;
        error = Follow(path, out string target);
        if (error.Errno != 0)
            return -1;
        if (!special || !IsDescriptor(target))
            return Open(target, flags, out error, out created, keep, special);

        // '/dev/stdout': what the process was given, whoever owns it.
        fd = Native.Files.open(target, flags | Always, 0);
        error = new(fd < 0 ? FileErrors.Last : 0);
        return fd;
    }

    /// <summary>Opens an existing file as <see cref="OpenLinked"/> would, and changes nothing: for 'check'. Invalid, and why, if a run could not use it.</summary>
    internal static SafeFileHandle Probe(string path, int flags, out OwnFileError error, bool linked = false, bool special = false)
    {
        string target = path;
        error = linked ? Follow(path, out target) : default;
        if (error.Errno != 0)
            return new();
        int noFollow = special && IsDescriptor(target) ? 0 : Native.O_NOFOLLOW;
        int fd = Native.Files.open(target, flags | Always | noFollow, 0);
        if (fd < 0)
            error = OfErrno(FileErrors.Last);
        else if (noFollow != 0 && !IsOwn(fd, special, out _, out error))
            fd = Close(fd);
        return new(fd, ownsHandle: true);
    }

    /// <summary>Finds out whether files can be made and filled in <paramref name="directory"/>: writes 64 KiB into a file that has no name and is gone when
    /// closed, or, where the file system cannot do that, into one that is removed again. 0, or the error number.</summary>
    internal static int ProbeDirectory(string directory)
    {
        string named = directory.TrimEnd('/') + "/.dlm-updater-check";
        int fd = Native.Files.open(directory, Native.O_TMPFILE | Native.O_DIRECTORY | Native.O_WRONLY | Native.O_CLOEXEC, Private);
        bool isNamed = fd < 0 && FileErrors.Last is Native.ENOTSUP or Native.EISDIR or Native.EINVAL or Native.ENOENT;
        if (isNamed)
            fd = CreateAnew(named, Native.O_WRONLY);
        if (fd < 0)
            return FileErrors.Last;
        using var file = new SafeFileHandle(fd, ownsHandle: true);
        // Not zeros, which a file system may store without a block.
        byte[] content = new byte[64 * 1024];
        new Random(0).NextBytes(content);
        int errno = RegularFile.WriteAll(file, content);
        if (errno == 0 && Native.FlushHandle(file) != 0)
            errno = FileErrors.Last;
        if (isNamed)
            _ = Native.UnlinkPath(named);
        return errno;
    }

    /// <summary>Creates <paramref name="path"/> (0600), which must not exist. The descriptor, or -1 and the last error.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="flags">O_WRONLY or O_RDWR.</param>
    internal static int Create(string path, int flags) =>
        Native.Files.open(path, flags | Always | Native.O_NOFOLLOW | Native.O_CREAT | Native.O_EXCL, Private);

    /// <summary>Creates <paramref name="path"/> (0600) in place of whatever has that name, and never writes into what was there.
    /// The descriptor, or -1 and the last error.</summary>
    internal static int CreateAnew(string path, int flags)
    {
        int fd = Create(path, flags);
        for (int i = 0; i < Tries && fd < 0 && FileErrors.Last == Native.EEXIST; i++)
        {
            if (Native.UnlinkPath(path) != 0 && FileErrors.Last != Native.ENOENT)
                return -1;
            fd = Create(path, flags);
        }

        return fd;
    }

    /// <summary>Makes a named pipe (0600) in place of whatever has that name, and opens the end that is read, which never blocks.
    /// The descriptor, or -1 and the last error.</summary>
    internal static int CreatePipe(string path)
    {
        int made = Native.Files.mkfifo(path, Private);
        if (made != 0 && FileErrors.Last == Native.EEXIST && Native.UnlinkPath(path) == 0)
            made = Native.Files.mkfifo(path, Private);
        return made == 0 ? OpenPipe(path) : -1;
    }

    /// <summary>Opens the end that is read of a named pipe that this program made; -1 if there is none. Who can write to the directory can put another one there.</summary>
    internal static int OpenPipe(string path)
    {
        int fd = Native.Files.open(path, Native.O_RDONLY | Native.O_NOFOLLOW | Always, 0);
        return fd < 0 || (IsOwn(fd, special: true, out FileFacts facts, out _) && facts is { Kind: FileKind.Fifo, Names: 1, Mode: (int)Private }) ? fd : Close(fd);
    }

    /// <summary>Opens the pipe behind a descriptor once more, for reading and writing. The descriptor, or -1 and the last error.</summary>
    internal static int ReopenPipe(int fd) =>
        Native.Files.open(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{fd}"), Native.O_RDWR | Native.O_CLOEXEC, 0);

    /// <summary>Reads a file that <see cref="Open"/> or <see cref="DurableFile"/> wrote, and tightens one of an older version. One that another user owns is not read: it
    /// would decide what root does next.</summary>
    /// <param name="path">Absolute path; a link of root is followed.</param>
    /// <param name="limit">A longer file is none of ours.</param>
    /// <param name="mode">The mode that it should have at most.</param>
    internal static FileReading Read(string path, int limit, uint mode = Private)
    {
        const int Flags = Native.O_RDONLY | Always;
        SafeFileHandle file = Native.OpenHandle(path, Flags | Native.O_NOFOLLOW, 0);
        if (file.IsInvalid && FileErrors.Last == Native.ELOOP)
        {
            OwnFileError link = Follow(path, out string target);
            if (link.Errno != 0)
                return new FileReading.NotAFile($"is not read: {link.What ?? FileErrors.Text(link.Errno)}");
            file = Native.OpenHandle(target, Flags | Native.O_NOFOLLOW, 0);
        }

        using SafeFileHandle opened = file;
        if (file.IsInvalid)
            return FileReading.OfError(FileErrors.Last);
        FileReading read = RegularFile.Read(file, limit);
        if (read is not FileReading.Content { Facts: var facts })
            return read;
        if (OwnerFault(facts) is { } fault)
            return new FileReading.NotAFile($"is not read: {fault}");
        // A file with another name may be one that a user linked here: its mode is not ours to change.
        if (facts.Names == 1)
            _ = Tightened((int)file.DangerousGetHandle(), facts, ~mode);
        return read;
    }

    /// <summary>Follows links in the last part of <paramref name="path"/>, if each belongs to root or to this user: old configurations keep
    /// their state elsewhere in this way.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="target">What it leads to, which need not exist; the path itself if it is no link.</param>
    internal static OwnFileError Follow(string path, out string target)
    {
        target = path;
        for (int i = 0; i < MostLinks; i++)
        {
            if (!Native.TryStat(target, out FileFacts facts) || !facts.IsLink || IsDescriptor(target))
                return default;
            if (OwnerFault(facts) is not null)
                return new(Native.EPERM, $"it is a symbolic link of another user (uid {facts.Uid})");
            if (FileFacts.TargetOf(target) is not { } next)
                return new(FileErrors.Last);
            // Not made shorter: the kernel alone knows what '..' means behind a link.
            target = next.StartsWith('/') ? next : target[..(target.LastIndexOf('/') + 1)] + next;
        }

        return new(Native.ELOOP);
    }

    /// <summary>Null if root or this user owns the file; else the fault, as a sentence part.</summary>
    internal static string? OwnerFault(in FileFacts facts) =>
        facts.Uid == 0 || facts.Uid == Native.geteuid() ? null : $"it belongs to another user (uid {facts.Uid})";

    /// <summary>True for a name such as <c>/proc/self/fd/1</c>, which is no link that can be read: only the kernel can follow it.</summary>
    private static bool IsDescriptor(string path) =>
        path.StartsWith("/proc/", StringComparison.Ordinal) && path[..(path.LastIndexOf('/') + 1)].EndsWith("/fd/", StringComparison.Ordinal);

    private static bool IsOwn(int fd, bool special, out FileFacts facts, out OwnFileError error)
    {
        error = default;
        if (!Native.TryStat(fd, out facts))
        {
            error = new(FileErrors.Last);
            return false;
        }

        string? fault = OwnerFault(facts)
            ?? (special && facts.Kind is FileKind.Fifo or FileKind.CharacterDevice ? null
                : !facts.IsRegular ? $"it is {facts.Kind.Describe()}, not a file"
                : facts.Names > 1 ? $"it has {facts.Names} names (hard links)"
                : null);
        if (fault is not null)
        {
            error = new(Native.EPERM, fault);
            return false;
        }

        return true;
    }

    /// <summary>Takes the mode bits <paramref name="taken"/> away. A file system that has no modes (FAT) refuses: there the mount decides who may open the file.</summary>
    private static int Tightened(int fd, in FileFacts facts, uint taken)
    {
        if (facts.IsRegular && ((uint)facts.Mode & taken & 0xFFF) != 0)
            _ = Native.Files.fchmod(fd, (uint)facts.Mode & ~taken & 0xFFF);
        return fd;
    }

    private static OwnFileError OfErrno(int errno) => new(errno, errno switch
    {
        Native.ELOOP => "it is a symbolic link",
        Native.EISDIR => "it is a directory, not a file",
        Native.ENXIO => "it is a named pipe that no process reads, or a device",
        _ => null,
    });

    private static int Close(int fd)
    {
        _ = Native.Files.close(fd);
        return -1;
    }
}
