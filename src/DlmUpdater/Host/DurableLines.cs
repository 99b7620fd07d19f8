using System.Runtime.InteropServices;
using System.Text.Json;

namespace DlmUpdater.Host;

/// <summary>A file of lines that is only ever appended to; each line is on the disk when <see cref="Append"/> returns. A last line that a crash tore is cut off by the next
/// one; a last line that only lacks its end, as an editor may leave it, is kept.</summary>
/// <param name="path">Absolute path; missing directories above it are made.</param>
internal sealed class DurableLines(string path) : IDisposable
{
    private FileStream? _stream;

    /// <summary>Appends one line, without its end. Null, or why it cannot be written.</summary>
    internal string? Append(ReadOnlySpan<byte> line)
    {
        try
        {
            string? unsynced = null;
            byte[] whole = new byte[line.Length + 2];
            int start = 1;
            if (_stream is null)
            {
                if (Path.GetDirectoryName(path) is { Length: > 0 } directory) Directory.CreateDirectory(directory);
                bool isNew = !File.Exists(path);
                _stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 0);
                _stream.SetLength(WholeLines(_stream, out bool lacksEnd));
                _stream.Seek(0, SeekOrigin.End);
                if (lacksEnd) start = 0;
                if (isNew) unsynced = SyncDirectory();
            }

            whole[0] = (byte)'\n';
            line.CopyTo(whole.AsSpan(1));
            whole[^1] = (byte)'\n';
            _stream.Write(whole.AsSpan(start));
            _stream.Flush(true);
            return unsynced;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What was written of it, if anything, is torn: the next call looks again where the whole lines end.
            Dispose();
            return $"{path} cannot be written: {e.Message}";
        }
    }

    /// <summary>True if the bytes are one whole JSON value.</summary>
    internal static bool IsJson(ReadOnlySpan<byte> line)
    {
        try
        {
            var json = new Utf8JsonReader(line);
            while (json.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream?.Dispose();
        _stream = null;
    }

    /// <summary>How long the whole lines are together.</summary>
    private static long WholeLines(FileStream stream, out bool lacksEnd)
    {
        lacksEnd = false;
        long length = stream.Length;
        byte[] tail = new byte[Math.Min(length, 64 * 1024)];
        stream.Seek(length - tail.Length, SeekOrigin.Begin);
        stream.ReadExactly(tail);
        if (tail.Length == 0 || tail[^1] == '\n') return length;
        int last = Array.LastIndexOf(tail, (byte)'\n') + 1;
        // Of an object only the whole one counts. Anything else is a name that a person wrote into a plain list.
        lacksEnd = tail[last] != '{' || IsJson(tail.AsSpan(last));
        return lacksEnd ? length : length - tail.Length + last;
    }

    private string? SyncDirectory()
    {
        string directory = Path.GetDirectoryName(path) ?? "/";
        int fd = Native.Files.open(directory, Native.O_RDONLY | Native.O_CLOEXEC, 0);
        string? why = fd >= 0 && Native.Files.fsync(fd) == 0 ? null : $"{directory} cannot be synced: {Marshal.GetLastPInvokeErrorMessage()}";
        if (fd >= 0) _ = Native.Files.close(fd);
        return why;
    }
}
