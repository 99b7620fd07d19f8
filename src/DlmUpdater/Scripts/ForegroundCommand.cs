using System.Runtime.InteropServices;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>Runs a command of an admin's as a shell would: our terminal, environment, directory and process group; nothing of what scripts
/// get. Signals that end this process are passed on, and its end is waited for in every case.</summary>
internal static unsafe class ForegroundCommand
{
    /// <summary>What a shell shows for a command that was found and could not be started.</summary>
    private const int CannotStart = 126;

    /// <summary>What a shell shows for a command that was not found.</summary>
    private const int NotFound = 127;

    /// <summary>Runs it. Returns its exit code, 128 + signal, or 126 and 127 as a shell does; then <paramref name="why"/> is not empty.</summary>
    /// <param name="words">The program, looked for in PATH, and its arguments.</param>
    /// <param name="why">Why it was not started.</param>
    internal static int Run(IReadOnlyList<string> words, out string why)
    {
        if (Signals.Catch() is { } deaf)
        {
            why = deaf;
            return CannotStart;
        }

        why = "";
        int pid = 0;
        int early = 0;
        // The terminal sends SIGINT and SIGQUIT to the command itself, for it is in our group; the others come to us alone.
        using IDisposable passing = Signals.OfThisProcess.Divert(signal =>
        {
            if (signal is Native.SIGINT or Native.SIGQUIT) return;
            if (pid > 0) _ = Native.kill(pid, signal);
            else early = signal;
        });
        int error = Spawn(words, out pid);
        if (error != 0)
        {
            why = $"{words[0]} cannot be started: {Marshal.GetPInvokeErrorMessage(error)}";
            return error == Native.ENOENT ? NotFound : CannotStart;
        }

        if (early != 0) _ = Native.kill(pid, early);
        int status;
        while (Native.Process.waitpid(pid, &status, 0) < 0 && Marshal.GetLastPInvokeError() == Native.EINTR)
        {
        }

        int signal = status & 0x7f;
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal;
    }

    private static int Spawn(IReadOnlyList<string> words, out int pid)
    {
        var variables = new List<string>();
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables()) variables.Add($"{entry.Key}={entry.Value}");
        byte* attributes = stackalloc byte[Native.Process.OpaqueBytes];
        byte* defaults = stackalloc byte[Native.Process.OpaqueBytes];
        var set = new Span<byte>(defaults, Native.Process.OpaqueBytes);
        set.Clear();

        // What the caller ignores, the command ignores too (nohup).
        foreach (int signal in Signals.NotInherited) set[(signal - 1) / 8] |= (byte)(1 << ((signal - 1) % 8));
        using var arguments = new NativeStrings(words);
        using var environment = new NativeStrings(variables);
        pid = 0;
        int started = 0;
        int error = Native.Process.posix_spawnattr_init(attributes);
        if (error != 0) return error;
        error = Native.Process.posix_spawnattr_setflags(attributes, Native.Process.SpawnSetSignalDefaults);
        if (error == 0) error = Native.Process.posix_spawnattr_setsigdefault(attributes, defaults);
        if (error == 0) error = Native.Process.posix_spawnp(&started, arguments.Pointer[0], null, attributes, arguments.Pointer, environment.Pointer);
        _ = Native.Process.posix_spawnattr_destroy(attributes);
        pid = started;
        return error;
    }
}
