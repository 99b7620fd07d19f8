using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>The pipe through which a script's output comes. A script gets it opened for reading and writing: every process that can write
/// to it is a reader too, so the death of this process never sends SIGPIPE to a package manager. A full pipe holds the script up, until the
/// next start of this program reads on: it finds the pipe by its name in the run directory.</summary>
/// <param name="path">Its name; null = it has none, and no later start can find it.</param>
internal sealed unsafe class OutputPipe(string? path) : IDisposable
{
    /// <summary>What it takes while no process reads it: more than most updates print. The kernel's memory is used only as it
    /// fills.</summary>
    private const int Capacity = 1024 * 1024;

    private int _read = -1, _write = -1;
    private bool _named, _owned;

    /// <summary>The end that is read; reading never blocks.</summary>
    public int Read => _read;

    /// <summary>The name of the pipe in a run directory.</summary>
    public static string PathIn(string runDirectory) => runDirectory.TrimEnd('/') + "/output";

    /// <summary>Opens the end that a script gets; the pipe itself is kept from script to script, as long as no other process has it open.
    /// Null, or why there is no pipe.</summary>
    /// <param name="owner">Whose script it is: <c>/dev/stdout</c> is opened with the rights of its user. Null = this process's.</param>
    public string? Open(UserAccount? owner)
    {
        if (_read < 0)
            OpenNamed();
        if (_read >= 0 && _write < 0)
            _write = OwnFile.ReopenPipe(_read);
        if (_write < 0 && !OpenUnnamed())
            return $"no pipe for its output: {FileErrors.Text(FileErrors.Last)}";
        _owned = owner is not null;
        if (owner is not null)
            _ = Native.Files.fchown(_read, owner.Uid, owner.Gid);
        return null;
    }

    /// <summary>The end that becomes the script's stdout and stderr.</summary>
    public int Write => _write;

    /// <summary>The script has ended: what still has its output open may write on, is not waited for, and never blocks once this process
    /// reads no more. The flag is one of the open file, which all of them share.</summary>
    public void Release()
    {
        if (_write < 0)
            return;
        SetNonBlocking(_write);
        _ = Native.Files.close(_write);
        _write = -1;
    }

    /// <summary>A pipe with a name is used again if <paramref name="atEnd"/>, because then no other process has it open; otherwise, or if a
    /// user has owned it, the next script gets another one.</summary>
    public void Finish(bool atEnd)
    {
        Release();
        if (!atEnd || _owned || !_named)
            Dispose();
    }

    /// <summary>Closes it and removes its name.</summary>
    public void Dispose()
    {
        Release();
        if (_named)
            _ = Native.UnlinkPath(path!);
        if (_read >= 0)
            _ = Native.Files.close(_read);
        (_read, _named, _owned) = (-1, false, false);
    }

    /// <summary>Closes it here and leaves its name, for the next start: a script that still runs writes to it.</summary>
    public void Abandon()
    {
        if (_write >= 0)
            _ = Native.Files.close(_write);
        if (_read >= 0)
            _ = Native.Files.close(_read);
        (_read, _write, _named) = (-1, -1, false);
    }

    internal static void SetNonBlocking(int fd) =>
        _ = Native.Files.fcntl(fd, Native.Files.F_SETFL, Native.Files.fcntl(fd, Native.Files.F_GETFL, 0) | Native.O_NONBLOCK);

    private void OpenNamed()
    {
        // What an earlier start left was read to its end before this one runs anything.
        _read = path is null ? -1 : OwnFile.CreatePipe(path);
        _named = _read >= 0;
        if (_named)
            Widen();
    }

    /// <summary>Where no name can be made: a full or read-only run directory must not keep a host from coming back.</summary>
    private bool OpenUnnamed()
    {
        Dispose();
        int* ends = stackalloc int[2];
        if (Native.Files.pipe2(ends, Native.O_CLOEXEC) != 0)
            return false;
        _read = ends[0];
        SetNonBlocking(_read);
        Widen();
        _write = OwnFile.ReopenPipe(_read);
        if (_write < 0)
            _write = ends[1];
        else
            _ = Native.Files.close(ends[1]);
        return true;
    }

    // A limit of the host may refuse it: then the pipe keeps its usual size.
    private void Widen() => _ = Native.Files.fcntl(_read, Native.Files.F_SETPIPE_SZ, Capacity);
}
