using System.Buffers;
using System.Runtime.InteropServices;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>The file <c>running</c> in the run directory. Its space is taken once, at the start, and overwritten in place from then on, so
/// that a run directory that fills up meanwhile stops nothing. Blank: no script runs. Not flushed, because it need not outlive the
/// boot.</summary>
internal sealed unsafe class RunNoteFile(string runDirectory) : IDisposable
{
    // One page of memory, and more than any marker needs.
    private const int Reserved = 4096;
    private const int Largest = 64 * 1024;
    private const string Setting = "[main] run_dir";

    private readonly string _directory = runDirectory.TrimEnd('/');
    private readonly string _path = runDirectory.TrimEnd('/') + "/running";
    private readonly ArrayBufferWriter<byte> _buffer = new(512);
    private int _fd = -1;
    private FileFacts _facts;
    private int _length;
    private bool _isBlank;

    /// <summary>True if there certainly is no marker in <paramref name="runDirectory"/>: every start before has ended in order, and left no script.</summary>
    public static bool IsMissing(string runDirectory) => FileFacts.IsMissing(runDirectory.TrimEnd('/') + "/running");

    /// <summary>Opens the file, reserves its space, and returns what an earlier start left in it. What that is, is never an error
    /// here.</summary>
    public StoredNote Open()
    {
        Close();
        if (TryOpen() is not null)
            return Native.TryStat(_path, out _) ? new StoredNote.Unreadable() : new StoredNote.None();

        byte[] content = Content(_facts.Size);
        bool isBlank = content.AsSpan().IndexOfAnyExcept((byte)' ') < 0;
        _length = content.Length;
        _isBlank = isBlank;
        return isBlank ? new StoredNote.None()
            : RunNoteFormat.Read(content) is { } note ? new StoredNote.Found(note) : new StoredNote.Unreadable();
    }

    /// <summary>Writes. Null, or why that failed.</summary>
    public string? Write(RunNote note)
    {
        // A file that was removed, as by a tidy admin, is no marker any more: no later start would find it.
        if (_fd >= 0 && note.Pid == 0 && !IsThere())
            Close();
        if (_fd < 0)
        {
            if (TryOpen() is { } why)
                return why;
            _length = (int)Math.Min(_facts.Size, Largest);
        }

        _buffer.ResetWrittenCount();
        RunNoteFormat.Write(_buffer, note);
        _isBlank = false;
        int error = Put();
        return error == 0 ? null : Failed(error);
    }

    /// <summary>Says that no script runs.</summary>
    public void Clear()
    {
        if (_fd < 0)
            return;
        _buffer.ResetWrittenCount();
        _isBlank = Put() == 0;
    }

    /// <summary>Closes the file, and removes it unless it names a script that may still run.</summary>
    public void Dispose()
    {
        if (_fd >= 0 && _isBlank && IsThere())
            _ = Native.UnlinkPath(_path);
        Close();
    }

    /// <summary>Overwrites what the buffer leaves of an earlier, longer marker with blanks, which JSON allows.</summary>
    private int Put()
    {
        int used = _buffer.WrittenCount;
        if (used < _length)
        {
            _buffer.GetSpan(_length - used)[..(_length - used)].Fill((byte)' ');
            _buffer.Advance(_length - used);
        }

        _length = used;
        return Descriptor.WriteAt(_fd, _buffer.WrittenSpan, 0);
    }

    private string? TryOpen()
    {
        _fd = OwnFile.Open(_path, Native.O_RDWR, out OwnFileError error, out bool created);
        if (_fd < 0 && error.Errno == Native.ENOENT && DurableFile.MakeDirectories(_directory) == 0)
            _fd = OwnFile.Open(_path, Native.O_RDWR, out error, out created);
        if (_fd < 0)
            return error.Describe("write", _path, Setting);

        int errno = !Native.TryStat(_fd, out _facts) ? FileErrors.Last : _facts.Size < Reserved ? Reserve((int)_facts.Size, created) : 0;
        if (errno == 0)
            return null;
        Close();
        return Failed(errno);
    }

    /// <summary>Takes the space behind what is there. An empty file that cannot get it is not left behind.</summary>
    private int Reserve(int from, bool created)
    {
        Span<byte> blanks = stackalloc byte[Reserved - from];
        blanks.Fill((byte)' ');
        int error = Descriptor.WriteAt(_fd, blanks, from);
        if (error != 0 && created)
            _ = Native.UnlinkPath(_path);
        return error;
    }

    private byte[] Content(long size)
    {
        byte[] content = new byte[Math.Min(size, Largest)];
        int length = 0;
        fixed (byte* first = content)
        {
            while (length < content.Length)
            {
                nint got = Native.Files.pread(_fd, first + length, (nuint)(content.Length - length), length);
                if (got < 0 && Marshal.GetLastPInvokeError() == Native.EINTR)
                    continue;
                if (got <= 0)
                    break;
                length += (int)got;
            }
        }

        return content[..length];
    }

    private bool IsThere() => Native.TryStat(_path, out FileFacts there) && there.IsSameFile(_facts);

    private string Failed(int error) => FileErrors.Describe("write", _path, error, Setting);

    private void Close()
    {
        if (_fd >= 0)
            _ = Native.Files.close(_fd);
        (_fd, _length) = (-1, 0);
    }
}
