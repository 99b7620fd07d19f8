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
}

/// <summary>Reads small files without ever hanging on a named pipe or filling the memory from a device.</summary>
internal static class RegularFile
{
    /// <summary>Reads <paramref name="path"/>, links followed, if it is a regular file of at most <paramref name="limit"/> bytes.</summary>
    internal static FileReading Read(string path, int limit)
    {
        using SafeFileHandle file = Native.OpenHandle(path, Native.O_RDONLY | Native.O_NONBLOCK | Native.O_CLOEXEC, 0);
        if (file.IsInvalid)
            return FileErrors.Last == Native.ENOENT ? new FileReading.Missing() : new FileReading.Failed(FileErrors.Last);
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
