using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.EndToEnd.Harness;

/// <summary>A real terminal, and a shell with job control on it: what an admin types, and what the admin sees.</summary>
internal sealed partial class Pty : IDisposable
{
    private const int ReadWriteNoTerminal = 2 | 0x100;

    private readonly FileStream master;
    private readonly Process shell;
    private readonly StringBuilder screen = new();
    private readonly Thread reader;

    /// <summary>Starts <c>bash</c> with <paramref name="commands"/> as the leader of a session on a new terminal.</summary>
    internal Pty(string commands)
    {
        int fd = posix_openpt(ReadWriteNoTerminal);
        byte[] name = new byte[128];
        Assert.True(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0 && ptsname_r(fd, name, (nuint)name.Length) == 0, "no terminal");
        string terminal = Encoding.ASCII.GetString(name, 0, Array.IndexOf(name, (byte)0));

        // Not asynchronous: a terminal is read by a thread of its own until its last user has closed it (EIO).
        master = new FileStream(new SafeFileHandle(fd, ownsHandle: true), FileAccess.ReadWrite, 0);
        // As a login has it, however these tests were started (nohup).
        var start = new ProcessStartInfo("/usr/bin/env") { WorkingDirectory = "/" };
        foreach (string word in (string[])["--default-signal=HUP,INT,QUIT,TERM", "/bin/sh", "-c", "exec setsid -c bash -c \"$1\" < \"$0\" > \"$0\" 2>&1", terminal, "set -m; stty -echo; " + commands])
            start.ArgumentList.Add(word);
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin";
        start.Environment["TERM"] = "dumb";
        shell = Process.Start(start)!;
        reader = new Thread(Read) { IsBackground = true };
        reader.Start();
    }

    /// <summary>What has been shown by now, line ends as LF.</summary>
    internal string Screen
    {
        get
        {
            lock (screen) return screen.ToString().Replace("\r\n", "\n", StringComparison.Ordinal);
        }
    }

    /// <summary>Types; control characters do what they do on a terminal.</summary>
    internal void Type(string text) => master.Write(Encoding.UTF8.GetBytes(text));

    /// <summary>Waits until <paramref name="text"/> is shown.</summary>
    internal void Expect(string text)
    {
        try
        {
            Processes.Until(() => Screen.Contains(text, StringComparison.Ordinal), text);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"not within 20 s on the terminal: {text}\n{Screen}");
        }
    }

    /// <summary>Waits for the shell's end. Returns all that was shown.</summary>
    internal string Close()
    {
        Assert.True(shell.WaitForExit(TimeSpan.FromSeconds(60)), "the shell does not end:\n" + Screen);
        reader.Join(TimeSpan.FromSeconds(5));
        return Screen;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!shell.HasExited) shell.Kill(entireProcessTree: true);
        shell.Dispose();
        master.Dispose();
    }

    private void Read()
    {
        byte[] buffer = new byte[4096];
        try
        {
            for (int got = master.Read(buffer); got > 0; got = master.Read(buffer))
            {
                lock (screen) screen.Append(Encoding.UTF8.GetString(buffer, 0, got));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The last user of the terminal has closed it.
        }
    }

    [LibraryImport("libc")]
    private static partial int posix_openpt(int flags);

    [LibraryImport("libc")]
    private static partial int grantpt(int fd);

    [LibraryImport("libc")]
    private static partial int unlockpt(int fd);

    [LibraryImport("libc")]
    private static partial int ptsname_r(int fd, byte[] buffer, nuint size);
}
