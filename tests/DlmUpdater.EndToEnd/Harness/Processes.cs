using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace DlmUpdater.EndToEnd.Harness;

/// <summary>Other processes, by way of /proc.</summary>
internal static class Processes
{
    /// <summary>The processes whose command line or environment names <paramref name="text"/>, this one left out.</summary>
    internal static IEnumerable<int> Mentioning(string text)
    {
        byte[] wanted = Encoding.UTF8.GetBytes(text);
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), out int pid) || pid == Environment.ProcessId) continue;

            // The kernel's own threads have no command line.
            byte[] command = Read(directory + "/cmdline");
            if (command.Length > 0 && (command.AsSpan().IndexOf(wanted) >= 0 || Read(directory + "/environ").AsSpan().IndexOf(wanted) >= 0)) yield return pid;
        }
    }

    /// <summary>SIGKILL; a process that is gone already is fine.</summary>
    internal static void Kill(int pid)
    {
        try
        {
            using Process process = Process.GetProcessById(pid);
            process.Kill();
        }
        catch (ArgumentException)
        {
            // Gone.
        }
    }

    /// <summary>True if the process runs <paramref name="program"/>: a shell in front of it has made way.</summary>
    internal static bool Runs(int pid, string program) => new FileInfo($"/proc/{pid}/exe").LinkTarget == Path.GetFullPath(program);

    /// <summary>A mask of signals of a process, such as <c>SigCgt</c>: bit 0 is signal 1. Null if it is gone.</summary>
    internal static ulong? SignalMask(int pid, string field)
    {
        try
        {
            string? line = File.ReadLines($"/proc/{pid}/status").FirstOrDefault(l => l.StartsWith(field + ":", StringComparison.Ordinal));
            return line is null ? null : ulong.Parse(line[(field.Length + 1)..], NumberStyles.AllowHexSpecifier | NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Sends a signal by its name.</summary>
    internal static void Signal(int pid, string name) => _ = Binary.Command("sh", "-c", $"kill -s {name} {pid}");

    /// <summary>Waits until <paramref name="condition"/> holds; fails after 20 s.</summary>
    internal static void Until(Func<bool> condition, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > TimeSpan.FromSeconds(20)) throw new TimeoutException($"not within 20 s: {what}");
            Thread.Sleep(5);
        }
    }

    private static byte[] Read(string file)
    {
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
