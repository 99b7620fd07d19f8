using System.Runtime.InteropServices;

namespace DlmUpdater.Host;

/// <summary>Reads and writes descriptors without the base library's streams: <c>Console.Error</c> costs more at the start than the whole log.</summary>
internal static unsafe class Descriptor
{
    /// <summary>Writes all of <paramref name="bytes"/> to a file that this process has opened. Returns 0, or the errno that stopped it after
    /// <paramref name="written"/> bytes. A pipe that is opened without blocking is waited for as long as the budget of the process lasts.</summary>
    internal static int Write(int fd, ReadOnlySpan<byte> bytes, out int written)
    {
        written = 0;
        fixed (byte* start = bytes)
        {
            while (written < bytes.Length)
            {
                nint count = Native.Files.write(fd, start + written, (nuint)(bytes.Length - written));
                int error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (count > 0) written += (int)count;
                else if (count == 0) return Native.ENOSPC;
                else if (error == Native.EAGAIN && WaitBudget.OfThisProcess.Spend(limit => WaitForRoom(fd, limit))) continue;
                else if (error != Native.EINTR) return error;
            }
        }

        return 0;
    }

    /// <summary>Writes all of <paramref name="bytes"/> at <paramref name="offset"/>. Returns 0 or an errno.</summary>
    internal static int WriteAt(int fd, ReadOnlySpan<byte> bytes, long offset)
    {
        fixed (byte* start = bytes)
        {
            for (int written = 0; written < bytes.Length;)
            {
                nint count = Native.Files.pwrite(fd, start + written, (nuint)(bytes.Length - written), offset + written);
                int error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (count > 0) written += (int)count;
                else if (count == 0) return Native.ENOSPC;
                else if (error != Native.EINTR) return error;
            }
        }

        return 0;
    }

    /// <summary>Reads to the end, but no more than <paramref name="atMost"/> bytes; what could be read if that fails.</summary>
    internal static byte[] ReadAll(int fd, int atMost)
    {
        byte[] bytes = new byte[atMost];
        int length = 0;
        fixed (byte* start = bytes)
        {
            while (length < atMost)
            {
                nint count = Native.Files.read(fd, start + length, (nuint)(atMost - length));
                if (count > 0) length += (int)count;
                else if (count == 0 || Marshal.GetLastPInvokeError() != Native.EINTR) break;
            }
        }

        return bytes[..length];
    }

    /// <summary>What one read gives, at most <paramref name="atMost"/> bytes; nothing at the end or on an error.</summary>
    internal static byte[] ReadLine(int fd, int atMost)
    {
        byte[] bytes = new byte[atMost];
        fixed (byte* start = bytes)
        {
            nint count;
            do count = Native.Files.read(fd, start, (nuint)atMost);
            while (count < 0 && Marshal.GetLastPInvokeError() == Native.EINTR);
            return bytes[..(int)Math.Max(0, count)];
        }
    }

    /// <summary>Waits at most <paramref name="limit"/> for something to read, or the end of it; a signal may end the wait too.</summary>
    internal static bool IsReadable(int fd, TimeSpan limit)
    {
        var entry = new Native.Process.PollFd { Fd = fd, Events = Native.Process.POLLIN };
        return Native.Process.poll(&entry, 1, (int)Math.Ceiling(limit.TotalMilliseconds)) > 0;
    }

    private static bool WaitForRoom(int fd, TimeSpan limit)
    {
        const short pollOut = 4;
        var entry = new Native.Process.PollFd { Fd = fd, Events = pollOut };
        return Native.Process.poll(&entry, 1, (int)Math.Ceiling(limit.TotalMilliseconds)) > 0;
    }
}
