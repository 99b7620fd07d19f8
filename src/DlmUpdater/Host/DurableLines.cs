using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.Host;

/// <summary>A file of lines that is only ever appended to; each line is on the disk when <see cref="Append"/> returns. A last line that a crash tore is cut off by the next
/// one; a last line that only lacks its end, as an editor may leave it, is kept.</summary>
/// <param name="path">Absolute path; missing directories above it are made.</param>
/// <param name="setting">The configuration key that moves the file elsewhere, for the message.</param>
internal sealed class DurableLines(string path, string setting) : IDisposable
{
    private SafeFileHandle? _file;

    /// <summary>Appends one line, without its end. Null, or why it cannot be written.</summary>
    internal string? Append(ReadOnlySpan<byte> line)
    {
        int start = 1;
        bool created = false;
        if (_file is null)
        {
            SafeFileHandle file = OwnFile.OpenInDirectory(path, Native.O_RDWR | Native.O_APPEND, out OwnFileError error, out created);
            if (file.IsInvalid)
                return error.Describe("write", path, setting);
            _file = file;
            if (CutTornLine(out bool lacksEnd) is var cut and not 0)
                return Failed(cut);
            if (lacksEnd)
                start = 0;
        }

        byte[] whole = [(byte)'\n', .. line, (byte)'\n'];
        int errno = RegularFile.WriteAll(_file, whole.AsSpan(start));
        if (errno == 0 && Native.FlushHandle(_file) != 0)
            errno = FileErrors.Last;
        if (errno == 0 && created)
            errno = DurableFile.FlushDirectoryOf(path);
        return errno == 0 ? null : Failed(errno);
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
        _file?.Dispose();
        _file = null;
    }

    /// <summary>What was written of the line, if anything, is torn: the next call looks again where the whole lines end.</summary>
    private string Failed(int errno)
    {
        Dispose();
        return FileErrors.Describe("write", path, errno, setting);
    }

    /// <summary>Cuts the file after its last whole line. 0, or an error number.</summary>
    private int CutTornLine(out bool lacksEnd)
    {
        lacksEnd = false;
        if (!Native.TryStat(_file!, out FileFacts facts))
            return FileErrors.Last;
        byte[] tail = new byte[Math.Min(facts.Size, 64 * 1024)];
        if (RegularFile.ReadAt(_file!, tail, facts.Size - tail.Length) is var errno and not 0)
            return errno;
        if (tail.Length == 0 || tail[^1] == '\n')
            return 0;
        int last = Array.LastIndexOf(tail, (byte)'\n') + 1;
        // Of an object only the whole one counts. Anything else is a name that a person wrote into a plain list.
        lacksEnd = tail[last] != '{' || IsJson(tail.AsSpan(last));
        return lacksEnd || Native.TruncateHandle(_file!, facts.Size - tail.Length + last) == 0 ? 0 : FileErrors.Last;
    }
}
