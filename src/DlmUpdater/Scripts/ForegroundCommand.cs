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
        why = "";
        int pid = 0;
        // The terminal sends SIGINT to the command itself, for it is in our group; the others come to us alone.
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using PosixSignalRegistration quit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, context => context.Cancel = true);
        using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Pass(context, Native.SIGTERM, pid));
        using PosixSignalRegistration hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => Pass(context, Native.SIGHUP, pid));
        int error = Spawn(words, out pid);
        if (error != 0)
        {
            why = $"{words[0]} cannot be started: {Marshal.GetPInvokeErrorMessage(error)}";
            return error == Native.ENOENT ? NotFound : CannotStart;
        }

        int status;
        while (Native.Process.waitpid(pid, &status, 0) < 0 && Marshal.GetLastPInvokeError() == Native.EINTR)
        {
        }

        int signal = status & 0x7f;
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal;
    }

    private static void Pass(PosixSignalContext context, int signal, int pid)
    {
        context.Cancel = true;
        if (pid > 0) _ = Native.kill(pid, signal);
    }

    private static int Spawn(IReadOnlyList<string> words, out int pid)
    {
        var variables = new List<string>();
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables()) variables.Add($"{entry.Key}={entry.Value}");
        byte* attributes = stackalloc byte[Native.Process.OpaqueBytes];
        byte* all = stackalloc byte[Native.Process.OpaqueBytes];
        new Span<byte>(all, Native.Process.OpaqueBytes).Clear();
        new Span<byte>(all, 8).Fill(0xFF);
        using var arguments = new NativeStrings(words);
        using var environment = new NativeStrings(variables);
        pid = 0;
        int started = 0;
        int error = Native.Process.posix_spawnattr_init(attributes);
        if (error != 0) return error;
        // The runtime ignores SIGPIPE, which a child would inherit.
        error = Native.Process.posix_spawnattr_setflags(attributes, Native.Process.SpawnSetSignalDefaults);
        if (error == 0) error = Native.Process.posix_spawnattr_setsigdefault(attributes, all);
        if (error == 0) error = Native.Process.posix_spawnp(&started, arguments.Pointer[0], null, attributes, arguments.Pointer, environment.Pointer);
        _ = Native.Process.posix_spawnattr_destroy(attributes);
        pid = started;
        return error;
    }
}
