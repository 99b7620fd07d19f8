using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.Host;

/// <summary>What came of reading a file whole.</summary>
internal abstract record FileReading
{
    /// <summary>Its content.</summary>
    internal sealed record Content(byte[] Bytes, FileFacts Facts) : FileReading;

    /// <summary>There is no such file.</summary>
    internal sealed record Missing : FileReading;

    /// <summary>It is there, but it is not a regular file, or it is too long to be what is looked for. <paramref name="What"/>: a sentence part.</summary>
    internal sealed record NotAFile(string What) : FileReading;

    /// <summary>The kernel would not let us.</summary>
    internal sealed record Failed(int Errno) : FileReading;

    /// <summary>What a failed open or stat means.</summary>
    internal static FileReading OfError(int errno) => errno == Native.ENOENT ? new Missing() : new Failed(errno);

    /// <summary>Why it was not read: one line. Empty for a file that was.</summary>
    /// <param name="path">Which file.</param>
    /// <param name="setting">The key that moves it elsewhere.</param>
    internal string Why(string path, string setting) => this switch
    {
        Missing => $"cannot read {path}: it does not exist",
        NotAFile not => $"{path} {not.What}: remove it, or set {setting} to another place",
        Failed failed => FileErrors.Describe("read", path, failed.Errno, setting),
        _ => "",
    };
}

/// <summary>Reads small files without ever hanging on a named pipe or filling the memory from a device.</summary>
internal static class RegularFile
{
    /// <summary>Reads <paramref name="path"/>, links followed, if it is a regular file of at most <paramref name="limit"/> bytes.</summary>
    internal static FileReading Read(string path, int limit)
    {
        using SafeFileHandle file = Native.OpenHandle(path, Native.O_RDONLY | Native.O_NONBLOCK | Native.O_NOCTTY | Native.O_CLOEXEC, 0);
        return file.IsInvalid ? FileReading.OfError(FileErrors.Last) : Read(file, limit);
    }

    /// <summary>Opens <paramref name="path"/>, links followed, for reading, if it is a regular file. Invalid, and why, if not.</summary>
    internal static SafeFileHandle Open(string path, out FileReading? why)
    {
        SafeFileHandle file = Native.OpenHandle(path, Native.O_RDONLY | Native.O_NONBLOCK | Native.O_NOCTTY | Native.O_CLOEXEC, 0);
        why = file.IsInvalid || !Native.TryStat(file, out FileFacts facts) ? FileReading.OfError(FileErrors.Last)
            : facts.IsRegular ? null
            : new FileReading.NotAFile($"is {facts.Kind.Describe()}, not a file");
        if (why is null || file.IsInvalid)
            return file;
        file.Dispose();
        return new SafeFileHandle();
    }

    /// <summary>What one read gives; 0 at the end, -1 if it failed.</summary>
    internal static unsafe int ReadSome(SafeFileHandle file, Span<byte> buffer)
    {
        nint got;
        fixed (byte* start = buffer)
        {
            do got = Native.ReadHandle(file, start, (nuint)buffer.Length);
            while (got < 0 && FileErrors.Last == Native.EINTR);
        }
        return (int)got;
    }

    /// <summary>Reads an open file from its beginning, if it is a regular file of at most <paramref name="limit"/> bytes.</summary>
    internal static FileReading Read(SafeFileHandle file, int limit)
    {
        if (!Native.TryStat(file, out FileFacts facts))
            return new FileReading.Failed(FileErrors.Last);
        if (facts.Kind != FileKind.Regular)
            return new FileReading.NotAFile($"is {facts.Kind.Describe()}, not a file");
        byte[]? bytes = ReadAll(file, limit, out int errno);
        if (bytes is null)
            return new FileReading.Failed(errno);
        return bytes.Length > limit ? new FileReading.NotAFile($"is longer than {limit} bytes") : new FileReading.Content(bytes, facts);
    }

    /// <summary>Everything from the descriptor's place on, but at most one byte more than <paramref name="limit"/>; null if a read failed.</summary>
    internal static unsafe byte[]? ReadAll(SafeFileHandle file, int limit, out int errno)
    {
        // Sizes are not trusted: files in /proc say 0, and a file can grow while it is read.
        byte[] buffer = new byte[Math.Min(limit + 1, 4096)];
        int length = 0;
        errno = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                if (length > limit)
                    return buffer;
                Array.Resize(ref buffer, Math.Min(limit + 1, buffer.Length * 4));
            }
            nint got;
            fixed (byte* start = buffer)
                got = Native.ReadHandle(file, start + length, (nuint)(buffer.Length - length));
            if (got > 0)
            {
                length += (int)got;
                continue;
            }
            if (got == 0)
                break;
            if (FileErrors.Last == Native.EINTR)
                continue;
            errno = FileErrors.Last;
            return null;
        }
        return buffer.AsSpan(0, length).ToArray();
    }

    /// <summary>What one read at <paramref name="offset"/> gives; 0 at the end, -1 if it failed.</summary>
    internal static unsafe int ReadSomeAt(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        fixed (byte* start = buffer)
            return (int)Native.ReadHandleAt(file, start, (nuint)buffer.Length, offset);
    }

    /// <summary>Fills <paramref name="bytes"/> from <paramref name="offset"/> on; 0, or the error number.</summary>
    internal static unsafe int ReadAt(SafeFileHandle file, Span<byte> bytes, long offset)
    {
        while (!bytes.IsEmpty)
        {
            nint got;
            fixed (byte* start = bytes)
                got = Native.ReadHandleAt(file, start, (nuint)bytes.Length, offset);
            if (got == 0)
                return Native.EIO;
            if (got < 0 && FileErrors.Last != Native.EINTR)
                return FileErrors.Last;
            bytes = bytes[(int)Math.Max(got, 0)..];
            offset += Math.Max(got, 0);
        }
        return 0;
    }

    /// <summary>Writes all of <paramref name="content"/>; 0, or the error number.</summary>
    internal static unsafe int WriteAll(SafeFileHandle file, ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
        {
            nint wrote;
            fixed (byte* start = content)
                wrote = Native.WriteHandle(file, start, (nuint)content.Length);
            if (wrote > 0)
                content = content[(int)wrote..];
            else if (wrote == 0 || FileErrors.Last != Native.EINTR)
                return wrote == 0 ? Native.ENOSPC : FileErrors.Last;
        }
        return 0;
    }
}
