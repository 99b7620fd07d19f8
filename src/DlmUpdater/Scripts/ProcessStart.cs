using System.Runtime.InteropServices;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>What to start, and how it may run.</summary>
internal sealed record ProcessRequest
{
    /// <summary>The absolute path of the program.</summary>
    public required string Path { get; init; }

    /// <summary>Its arguments; the first is its own name.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Its whole environment, as <c>NAME=value</c>.</summary>
    public required IReadOnlyList<string> Environment { get; init; }

    /// <summary>A descriptor that becomes its stdin; null = it has none to read.</summary>
    public int? Input { get; init; }

    /// <summary>Whose credentials it gets; null = those of this process.</summary>
    public UserAccount? As { get; init; }

    /// <summary>How long it may run; null = no end.</summary>
    public TimeSpan? Limit { get; init; }

    /// <summary>How long after an interrupt it may still run before it is killed; null = no end.</summary>
    public TimeSpan? InterruptGrace { get; init; }
}

/// <summary>Starts a process: its own session (and so its own process group, and no terminal), all signals as after boot, stdin empty
/// unless given, stdout and stderr in one pipe, nothing else open.</summary>
/// <remarks>A process that shares the session of root's shell can push characters into root's terminal (TIOCSTI), whichever user it runs
/// as.</remarks>
internal static unsafe class ProcessStart
{
    // A file that was just written is busy for as long as a child forked meanwhile by another program holds it: milliseconds.
    private const int BusyTries = 50;
    private const int BusyPauseMilliseconds = 10;

    /// <summary>Starts. Returns the pid, or 0 and why not.</summary>
    public static int Start(ProcessRequest request, int output, out string why)
    {
        // Before it runs: it may run, and do anything, before this returns.
        Native.CountChild(1);
        int pid = TryStart(request, output, out why);
        if (pid == 0) Native.CountChild(-1);
        return pid;
    }

    private static int TryStart(ProcessRequest request, int output, out string why)
    {
        int pid = 0, error = 0;
        for (int tries = 0; tries < BusyTries; tries++)
        {
            string? wrong = null;
            if (request.As is null)
                error = Spawn(request, output, out pid);
            else
                wrong = RunAs.Do(request.As, () => error = Spawn(request, output, out pid));

            if (wrong is not null)
            {
                why = wrong;
                return 0;
            }

            if (error != Native.Process.ETXTBSY)
                break;
            Thread.Sleep(BusyPauseMilliseconds);
        }

        why = error == 0 ? "" : Explain(error, request);
        return error == 0 ? pid : 0;
    }

    private static string Explain(int error, ProcessRequest request)
    {
        string said = Marshal.GetPInvokeErrorMessage(error);
        return error switch
        {
            Native.ENOENT => $"{said} (the file itself or the interpreter in its first line)",
            Native.EACCES when request.As is not null => $"{said} (user {request.As.Name} must be able to reach and execute {request.Path})",
            Native.Process.ENOEXEC => $"{said} (its first line must name an interpreter, such as #!/bin/sh)",
            Native.Process.ETXTBSY => $"{said} (something still writes it)",
            _ => said,
        };
    }

    private static int Spawn(ProcessRequest request, int output, out int pid)
    {
        byte* attributes = stackalloc byte[Native.Process.OpaqueBytes];
        byte* actions = stackalloc byte[Native.Process.OpaqueBytes];
        using var arguments = new NativeStrings(request.Arguments);
        using var environment = new NativeStrings(request.Environment);
        using var paths = new NativeStrings([request.Path, "/dev/null"]);

        pid = 0;
        int error = Native.Process.posix_spawnattr_init(attributes);
        if (error != 0)
            return error;
        error = Native.Process.posix_spawn_file_actions_init(actions);
        if (error == 0)
        {
            error = SetUp(attributes, actions, paths.Pointer[1], request.Input, output);
            int started = 0;
            if (error == 0)
                error = Native.Process.posix_spawn(&started, paths.Pointer[0], actions, attributes, arguments.Pointer, environment.Pointer);
            pid = started;
            _ = Native.Process.posix_spawn_file_actions_destroy(actions);
        }

        _ = Native.Process.posix_spawnattr_destroy(attributes);
        return error;
    }

    private static int SetUp(byte* attributes, byte* actions, byte* nothing, int? input, int output)
    {
        byte* none = stackalloc byte[Native.Process.OpaqueBytes];
        byte* all = stackalloc byte[Native.Process.OpaqueBytes];
        new Span<byte>(none, Native.Process.OpaqueBytes).Clear();
        new Span<byte>(all, Native.Process.OpaqueBytes).Clear();

        // All 64, those that the C library keeps for itself included: sigfillset would leave them ignored.
        new Span<byte>(all, 8).Fill(0xFF);

        const short Flags = Native.Process.SpawnSetSession | Native.Process.SpawnSetSignalDefaults | Native.Process.SpawnSetSignalMask;
        int error = Native.Process.posix_spawnattr_setflags(attributes, Flags);
        if (error == 0)
            error = Native.Process.posix_spawnattr_setsigmask(attributes, none);
        if (error == 0)
            error = Native.Process.posix_spawnattr_setsigdefault(attributes, all);
        if (error == 0)
        {
            error = input is { } fd
                ? Native.Process.posix_spawn_file_actions_adddup2(actions, fd, 0)
                : Native.Process.posix_spawn_file_actions_addopen(actions, 0, nothing, Native.O_RDONLY, 0);
        }

        if (error == 0)
            error = Native.Process.posix_spawn_file_actions_adddup2(actions, output, 1);
        if (error == 0)
            error = Native.Process.posix_spawn_file_actions_adddup2(actions, output, 2);
        return error;
    }
}
