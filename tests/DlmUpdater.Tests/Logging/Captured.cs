using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Text;

namespace DlmUpdater.Tests.Logging;

/// <summary>The write end of a real pipe, and what came out at the other end.</summary>
internal sealed class Captured : IDisposable
{
    // What is written to it never contains one; the end of the pipe would only come when all who write to it have closed it.
    private const byte EndMark = 0;

    private readonly AnonymousPipeServerStream server = new(PipeDirection.In);
    private readonly List<byte> bytes = [];
    private readonly Task reader;
    private readonly UTF8Encoding strict = new(false, throwOnInvalidBytes: true);

    internal Captured() => reader = Task.Run(() =>
    {
        byte[] part = new byte[65536];
        for (int length = server.Read(part); length > 0; length = bytes[^1] == EndMark ? 0 : server.Read(part)) bytes.AddRange(part.AsSpan(0, length));
    });

    internal int Fd => (int)server.ClientSafePipeHandle.DangerousGetHandle();

    /// <summary>Closes the write end and returns all that was written.</summary>
    internal string End()
    {
        _ = DlmUpdater.Host.Descriptor.Write(Fd, [EndMark], out _);
        server.DisposeLocalCopyOfClientHandle();
        reader.Wait();
        if (bytes.Count > 0 && bytes[^1] == EndMark) bytes.RemoveAt(bytes.Count - 1);
        return strict.GetString([.. bytes]);
    }

    internal string[] EndLines() => End().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public void Dispose()
    {
        server.DisposeLocalCopyOfClientHandle();
        server.Dispose();
    }
}

/// <summary>A directory of its own, removed at the end.</summary>
internal sealed class Scratch : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("dlm-updater-log-").FullName;

    internal string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>The permission bits as another program shows them, such as <c>640</c>.</summary>
    internal static string Mode(string path)
    {
        using var stat = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%a", path]) { RedirectStandardOutput = true })!;
        string mode = stat.StandardOutput.ReadToEnd().Trim();
        stat.WaitForExit();
        return mode;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>A real pseudo-terminal: <see cref="Fd"/> is its terminal side.</summary>
internal sealed partial class PseudoTerminal : IDisposable
{
    private const int ReadWrite = 2, NoControl = 0x100, CloseOnExec = 0x80000;
    private const nuint SetWindowSize = 0x5414;
    private readonly int master;

    internal unsafe PseudoTerminal(int columns)
    {
        master = posix_openpt(ReadWrite | NoControl | CloseOnExec);
        byte* name = stackalloc byte[128];
        if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, name, 128) != 0)
            throw new InvalidOperationException($"no pseudo-terminal: {Marshal.GetLastPInvokeErrorMessage()}");
        Fd = open(Marshal.PtrToStringUTF8((nint)name)!, ReadWrite | NoControl | CloseOnExec);
        Resize(columns);
    }

    internal int Fd { get; }

    internal unsafe void Resize(int columns)
    {
        ushort* size = stackalloc ushort[4] { 24, (ushort)columns, 0, 0 };
        if (ioctl(Fd, SetWindowSize, size) != 0) throw new InvalidOperationException("the pseudo-terminal takes no size");
    }

    /// <summary>What was written so far.</summary>
    internal unsafe string Written()
    {
        var all = new List<byte>();
        byte[] part = new byte[65536];
        while (true)
        {
            var entry = new PollEntry { Fd = master, Events = 1 };
            if (poll(&entry, 1, 0) <= 0) break;
            nint count;
            fixed (byte* p = part) count = read(master, p, (nuint)part.Length);
            if (count <= 0) break;
            all.AddRange(part[..(int)count]);
        }

        return Encoding.UTF8.GetString([.. all]);
    }

    /// <summary>What a user types.</summary>
    internal unsafe void Type(byte key)
    {
        if (write(master, &key, 1) != 1) throw new InvalidOperationException("the pseudo-terminal takes no key");
    }

    public void Dispose()
    {
        _ = close(Fd);
        _ = close(master);
    }

    private struct PollEntry
    {
        internal int Fd;
        internal short Events;
        internal short Happened;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int posix_openpt(int flags);

    [LibraryImport("libc")]
    private static unsafe partial nint write(int fd, byte* from, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int grantpt(int fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unlockpt(int fd);

    [LibraryImport("libc")]
    private static unsafe partial int ptsname_r(int fd, byte* name, nuint length);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc")]
    private static unsafe partial int ioctl(int fd, nuint request, ushort* size);

    [LibraryImport("libc")]
    private static unsafe partial int poll(PollEntry* entries, nuint count, int milliseconds);

    [LibraryImport("libc")]
    private static unsafe partial nint read(int fd, byte* to, nuint count);

    [LibraryImport("libc")]
    private static partial int close(int fd);
}

/// <summary>What a person sees: a terminal's screen without an end, fed with the bytes that a terminal got.</summary>
internal sealed class Screen(int columns)
{
    private readonly List<StringBuilder> rows = [new()];
    private int column;

    /// <summary>The logical rows that were too wide for the screen.</summary>
    internal List<string> Wrapped { get; } = [];

    internal string[] Rows => [.. rows.Select(r => r.ToString().TrimEnd())];

    internal Screen Feed(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\r':
                    column = 0;
                    break;
                case '\n':
                    rows.Add(new());
                    break;
                case '\e':
                    int end = text.IndexOfAny(['K', 'm'], i);
                    if (text[end] == 'K') rows[^1].Length = Math.Min(rows[^1].Length, column);
                    i = end;
                    break;
                default:
                    Put(text[i]);
                    break;
            }
        }

        return this;
    }

    private void Put(char c)
    {
        if (column == columns)
        {
            Wrapped.Add(rows[^1].ToString());
            rows.Add(new());
            column = 0;
        }

        StringBuilder row = rows[^1];
        row.Length = Math.Max(row.Length, column);
        if (column < row.Length) row[column] = c;
        else row.Append(c);
        column++;
    }
}
